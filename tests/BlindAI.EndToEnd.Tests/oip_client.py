"""A client of the Open Inference Protocol v2, written from its public documents alone: REST and the binary tensor data extension.

Usage: oip_client.py HOST PORT MODEL_FP32 MODEL_INT64 MODEL_BYTES MODEL_SUM

The first three models are identities of one input "x" and one output "y" of one variable dimension; the last adds "a" and "b", FP32[batch, 2].
It behaves as Triton's Python client does: lower-case header names, no content type, and "binary_data_output": true unless told otherwise.
Prints one JSON object {"passed": [names], "failed": {name: reason}} and exits with 0 when nothing failed.
"""

import gzip
import http.client
import json
import ssl
import struct
import sys
import zlib

import numpy

TYPES = {"FP32": numpy.float32, "FP64": numpy.float64, "INT64": numpy.int64, "INT32": numpy.int32, "UINT8": numpy.uint8, "BOOL": numpy.bool_}


class InferenceError(Exception):
    def __init__(self, status, body):
        super().__init__(f"[{status}] {body.get('error')}")
        self.status = status
        self.body = body


class Client:
    def __init__(self, host, port):
        # The certificate is not looked at: this client tests the protocol, not who is served by it.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection(host, port, context=context, timeout=60)

    def request(self, method, path, body=None, headers=None):
        # putheader and not request(): that one adds headers which Triton's client does not send.
        self.connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            self.connection.putheader(name, value)
        if body is not None:
            self.connection.putheader("content-length", str(len(body)))
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise InferenceError(response.status, json.loads(answer))
        return response, answer

    def get(self, path):
        response, answer = self.request("GET", path)
        assert response.headers["content-type"] == "application/json", response.headers["content-type"]
        return json.loads(answer)

    def infer(self, model, inputs, outputs=None, binary=True, encoding=None, version=None, **members):
        """Inputs are (name, datatype, array, is_binary); strings travel as numpy object arrays of bytes."""
        message = dict(members)
        message.setdefault("parameters", {})
        if outputs is None:
            message["parameters"]["binary_data_output"] = binary
        else:
            message["outputs"] = [{"name": name, "parameters": {"binary_data": is_binary}} for name, is_binary in outputs]
        message["inputs"], sections = [], []
        for name, datatype, array, is_binary in inputs:
            described = {"name": name, "datatype": datatype, "shape": list(array.shape)}
            if is_binary:
                section = serialize(datatype, array)
                described["parameters"] = {"binary_data_size": len(section)}
                sections.append(section)
            elif datatype == "BYTES":
                described["data"] = [element.decode() for element in array.flatten()]
            else:
                described["data"] = array.flatten().tolist()
            message["inputs"].append(described)
        text = json.dumps(message).encode()
        headers = {"inference-header-content-length": str(len(text))} if sections else {}
        body = text + b"".join(sections)
        if encoding is not None:
            headers["content-encoding"] = encoding
            body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
        path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"
        return parse(*self.request("POST", path, body, headers))


def serialize(datatype, array):
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(element)) + element for element in array.flatten())
    return array.astype(TYPES[datatype]).tobytes()


def deserialize(datatype, shape, section):
    if datatype != "BYTES":
        return numpy.frombuffer(section, TYPES[datatype]).reshape(shape)
    elements = []
    while section:
        (length,) = struct.unpack_from("<I", section)
        elements.append(section[4 : 4 + length])
        section = section[4 + length :]
    return numpy.array(elements, dtype=object).reshape(shape)


def parse(response, answer):
    length = response.headers["inference-header-content-length"]
    expected = "application/json" if length is None else "application/octet-stream"
    assert response.headers["content-type"] == expected, response.headers["content-type"]
    message = json.loads(answer if length is None else answer[: int(length)])
    rest = b"" if length is None else answer[int(length) :]
    arrays = {}
    for output in message["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            array = numpy.array(output["data"], dtype=TYPES.get(output["datatype"], object)).reshape(output["shape"])
        else:
            assert "data" not in output
            array = deserialize(output["datatype"], output["shape"], rest[:size])
            rest = rest[size:]
        arrays[output["name"]] = array
    assert rest == b"", f"{len(rest)} bytes follow the outputs"
    return message, arrays


def expect_error(status, action):
    try:
        action()
    except InferenceError as error:
        assert error.status == status, f"{error.status} came, not {status}"
        assert isinstance(error.body["error"], str) and error.body["error"], error.body
        return
    raise AssertionError("it was answered")


def checks(client, fp32, int64, strings, adder):
    values = numpy.array([1.5, -2.25, 0.1, 3e38], numpy.float32)
    wide = numpy.array([2**63 - 1, -(2**63), 2**53 + 1, 0], numpy.int64)
    texts = numpy.array([b"", b"plain", "\u00e9\u4e16".encode(), b"x" * 1000], dtype=object)
    a = numpy.array([[1, 2], [3, 4], [5, 6]], numpy.float32)

    def live():
        assert client.get("/v2/health/live")["live"] is True

    def ready():
        assert client.get("/v2/health/ready")["ready"] is True

    def server_metadata():
        metadata = client.get("/v2")
        assert metadata["name"] and metadata["version"], metadata
        assert "binary_tensor_data" in metadata["extensions"], metadata

    def model_metadata():
        for path in (f"/v2/models/{adder}", f"/v2/models/{adder}/versions/1"):
            metadata = client.get(path)
            assert metadata["name"] == adder and metadata["versions"] == ["1"] and metadata["platform"], metadata
            assert metadata["inputs"] == [{"name": name, "datatype": "FP32", "shape": [-1, 2]} for name in "ab"], metadata
            assert [output["name"] for output in metadata["outputs"]] == ["sum"], metadata

    def model_ready():
        assert client.get(f"/v2/models/{adder}/ready")["ready"] is True

    def json_flat():
        message, arrays = client.infer(adder, [("a", "FP32", a, False), ("b", "FP32", a, False)], binary=False)
        assert message["model_name"] == adder and message["model_version"] == "1" and "id" not in message, message
        numpy.testing.assert_array_equal(arrays["sum"], a + a)

    def json_nested():
        inputs = [{"name": name, "datatype": "FP32", "shape": [3, 2], "data": a.tolist()} for name in "ab"]
        _, arrays = parse(*client.request("POST", f"/v2/models/{adder}/infer", json.dumps({"id": "42", "model_name": adder, "unknown": {}, "inputs": inputs}).encode()))
        numpy.testing.assert_array_equal(arrays["sum"], a + a)

    def id_is_echoed():
        message, _ = client.infer(fp32, [("x", "FP32", values, True)], id="request \u00e9 42")
        assert message["id"] == "request \u00e9 42", message

    def json_wide_integers():
        _, arrays = client.infer(int64, [("x", "INT64", wide, False)], binary=False)
        numpy.testing.assert_array_equal(arrays["y"], wide)

    def json_text():
        _, arrays = client.infer(strings, [("x", "BYTES", texts, False)], binary=False)
        assert [element.encode() for element in arrays["y"]] == list(texts)

    def binary_both_ways():
        for model, datatype, array in ((fp32, "FP32", values), (int64, "INT64", wide), (strings, "BYTES", texts)):
            message, arrays = client.infer(model, [("x", datatype, array, True)])
            assert "binary_data_size" in message["outputs"][0]["parameters"], message
            numpy.testing.assert_array_equal(arrays["y"], array)

    def binary_not_a_number():
        odd = numpy.array([numpy.nan, numpy.inf, -numpy.inf], numpy.float32)
        _, arrays = client.infer(fp32, [("x", "FP32", odd, True)])
        numpy.testing.assert_array_equal(arrays["y"], odd)

    def binary_bytes_that_are_not_text():
        odd = numpy.array([b"\xff\xfe\x00", b"\x00"], dtype=object)
        _, arrays = client.infer(strings, [("x", "BYTES", odd, True)])
        assert list(arrays["y"]) == list(odd)

    def binary_of_nothing():
        nothing = numpy.zeros([0], numpy.float32)
        _, arrays = client.infer(fp32, [("x", "FP32", nothing, True)])
        assert arrays["y"].shape == (0,)

    def binary_in_json_out():
        message, arrays = client.infer(fp32, [("x", "FP32", values, True)], outputs=[("y", False)])
        assert "data" in message["outputs"][0], message
        numpy.testing.assert_array_equal(arrays["y"], values)

    def json_in_binary_out():
        message, arrays = client.infer(fp32, [("x", "FP32", values, False)], outputs=[("y", True)])
        assert message["outputs"][0]["parameters"]["binary_data_size"] == 16, message
        numpy.testing.assert_array_equal(arrays["y"], values)

    def mixed_inputs():
        for first, second in ((True, False), (False, True)):
            _, arrays = client.infer(adder, [("a", "FP32", a, first), ("b", "FP32", a * 2, second)])
            numpy.testing.assert_array_equal(arrays["sum"], a * 3)

    def inputs_in_another_order():
        _, arrays = client.infer(adder, [("b", "FP32", a * 2, True), ("a", "FP32", a, True)])
        numpy.testing.assert_array_equal(arrays["sum"], a * 3)

    def raw_request():
        _, arrays = parse(*client.request("POST", f"/v2/models/{fp32}/infer", values.tobytes(), {"inference-header-content-length": "0"}))
        numpy.testing.assert_array_equal(arrays["y"], values)

    def compressed_request():
        for encoding in ("gzip", "deflate"):
            _, arrays = client.infer(fp32, [("x", "FP32", values, True)], encoding=encoding)
            numpy.testing.assert_array_equal(arrays["y"], values)

    def a_version_by_number():
        _, arrays = client.infer(fp32, [("x", "FP32", values, True)], version="1")
        numpy.testing.assert_array_equal(arrays["y"], values)

    def parameters_of_others_are_ignored():
        _, arrays = client.infer(fp32, [("x", "FP32", values, True)], parameters={"priority": 1, "timeout": 5000000, "custom": "x", "rate": 0.5})
        numpy.testing.assert_array_equal(arrays["y"], values)

    def errors():
        one = [("x", "FP32", values, True)]
        expect_error(404, lambda: client.infer("nobody", one))
        expect_error(404, lambda: client.get("/v2/models/nobody"))
        expect_error(400, lambda: client.infer(fp32, [("z", "FP32", values, True)]))
        expect_error(400, lambda: client.infer(fp32, [("x", "INT64", wide, True)]))
        expect_error(400, lambda: client.infer(adder, [("a", "FP32", a, True)]))
        expect_error(400, lambda: client.infer(fp32, one, outputs=[("z", True)]))
        expect_error(400, lambda: client.request("POST", f"/v2/models/{fp32}/infer", b"{"))
        expect_error(405, lambda: client.request("GET", f"/v2/models/{fp32}/infer"))
        expect_error(400, lambda: client.infer(fp32, [("x", "FP32", numpy.array([numpy.nan], numpy.float32), True)], binary=False))

    return [value for name, value in locals().items() if callable(value) and value is not client]


def main():
    host, port, *models = sys.argv[1:]
    client = Client(host, int(port))
    passed, failed = [], {}
    for check in checks(client, *models):
        try:
            check()
            passed.append(check.__name__)
        except Exception as error:  # every check reports, whatever the one before did
            failed[check.__name__] = f"{type(error).__name__}: {error}"
            client.connection.close()
    print(json.dumps({"passed": passed, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
