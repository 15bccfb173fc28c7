// A plain binary inference server: fastify, onnxruntime-node, TLS. POST /models/NAME takes the tensors' bytes one after another and answers the output's.
// usage: node server.mjs MODELS   (a folder of .onnx files; a model is loaded by its first request)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import ort from 'onnxruntime-node';

const folder = process.argv[2];

// What the bench sends; a name is a model and, for text, a number of tokens.
const text = (sequence) => [
  { name: 'input_ids', type: 'int64', shape: [1, sequence] },
  { name: 'attention_mask', type: 'int64', shape: [1, sequence] },
];
const image = [{ name: 'image', type: 'float32', shape: [1, 3, 224, 224] }];
const models = {
  'tiny-mlp': { file: 'tiny-mlp', inputs: [{ name: 'features', type: 'float32', shape: [1, 30] }] },
  'wide-mlp': { file: 'wide-mlp', inputs: [{ name: 'features', type: 'float32', shape: [1, 1024] }] },
  mobilenetv2: { file: 'mobilenetv2', inputs: image },
  resnet18: { file: 'resnet18', inputs: image },
  'bert4-8': { file: 'bert4', inputs: text(8) },
  'bert4-128': { file: 'bert4', inputs: text(128) },
  'distilbert-128': { file: 'distilbert', inputs: text(128) },
};

const sessions = new Map();
const sessionOf = (file) => {
  if (!sessions.has(file)) {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' };
    sessions.set(file, ort.InferenceSession.create(join(folder, `${file}.onnx`), options));
  }
  return sessions.get(file);
};

// A tensor over the body's own bytes where they are aligned for it, else over a copy.
const view = (body, offset, input) => {
  const Elements = input.type === 'int64' ? BigInt64Array : Float32Array;
  const length = input.shape.reduce((product, dimension) => product * dimension, 1);
  const start = body.byteOffset + offset;
  const bytes = length * Elements.BYTES_PER_ELEMENT;
  const data = start % Elements.BYTES_PER_ELEMENT === 0
    ? new Elements(body.buffer, start, length)
    : new Elements(body.buffer.slice(start, start + bytes));
  return { tensor: new ort.Tensor(input.type, data, input.shape), bytes };
};

const makeCertificate = () => {
  const scratch = mkdtempSync(join(tmpdir(), 'blindai-bench-'));
  try {
    const [key, cert] = [join(scratch, 'key.pem'), join(scratch, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
      '-days', '30', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
};

const app = fastify({ https: { ...makeCertificate(), minVersion: 'TLSv1.3' }, bodyLimit: 16 << 20, keepAliveTimeout: 600_000 });
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => done(null, body));
app.post('/models/:name', async (request, reply) => {
  const model = models[request.params.name];
  if (!model) {
    return reply.code(404).send();
  }

  const session = await sessionOf(model.file);
  const feeds = {};
  let offset = 0;
  for (const input of model.inputs) {
    const { tensor, bytes } = view(request.body, offset, input);
    feeds[input.name] = tensor;
    offset += bytes;
  }

  const { data } = (await session.run(feeds))[session.outputNames[0]];
  return reply.type('application/octet-stream').send(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
});

// The bench waits for this line, and ends the server by closing its input.
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`ready https://127.0.0.1:${app.server.address().port}`);
process.stdin.on('end', () => process.exit(0)).resume();
