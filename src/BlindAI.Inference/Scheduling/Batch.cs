using BlindAI.Inference.Engines;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Scheduling;

/// <summary>Puts requests together along their first dimension and takes the outputs apart again. Pure.</summary>
internal static class Batch
{
    /// <summary>The rows of a request: its inputs' common first dimension; 0 when it must run alone.</summary>
    public static int RowsOf(InferenceRequest request, ModelQueue queue)
    {
        if (queue.MaxBatch == 1 || request.Inputs.Count == 0)
        {
            return 0;
        }

        var rows = 0L;
        var elements = 0L;
        foreach (var (_, tensor) in request.Inputs)
        {
            if (tensor.Shape.Count == 0 || tensor.Shape[0] is <= 0 or > int.MaxValue || (rows != 0 && tensor.Shape[0] != rows))
            {
                return 0;
            }

            rows = tensor.Shape[0];
            elements += tensor.Shape.ElementCount;
        }

        return rows <= queue.MaxBatch && elements / rows <= queue.Profile.BatchedRowElements ? (int)rows : 0;
    }

    /// <summary>Whether two requests, each with rows, fit one batch: the same inputs of the same datatypes and other dimensions, and the same outputs wanted.</summary>
    public static bool Agree(InferenceRequest one, InferenceRequest other)
    {
        if (one.Inputs.Count != other.Inputs.Count || !one.Outputs.SequenceEqual(other.Outputs))
        {
            return false;
        }

        for (var index = 0; index < one.Inputs.Count; index++)
        {
            var (name, tensor) = one.Inputs[index];
            var (otherName, otherTensor) = other.Inputs[index];
            if (name != otherName || tensor.Datatype != otherTensor.Datatype || !tensor.Shape.Dimensions[1..].SequenceEqual(otherTensor.Shape.Dimensions[1..]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One request of all rows, in the order of the requests; dispose the buffers when nothing reads it any more.</summary>
    /// <exception cref="OverflowException">The rows together are over 2 GiB.</exception>
    public static InferenceRequest Join(IReadOnlyList<InferenceRequest> requests, IList<IDisposable> buffers)
    {
        var first = requests[0];
        var inputs = new NamedTensor[first.Inputs.Count];
        for (var index = 0; index < inputs.Length; index++)
        {
            var (name, tensor) = first.Inputs[index];
            var rows = 0L;
            var length = 0;
            foreach (var request in requests)
            {
                rows += request.Inputs[index].Tensor.Shape[0];
                length = checked(length + request.Inputs[index].Tensor.Data.Length);
            }

            var buffer = new NativeBuffer(length);
            buffers.Add(buffer);
            TensorCopies.Add(length);
            var rest = buffer.Memory;
            foreach (var request in requests)
            {
                var data = request.Inputs[index].Tensor.Data;
                data.CopyTo(rest);
                rest = rest[data.Length..];
            }

            inputs[index] = new(name, new Tensor(tensor.Datatype, WithRows(tensor.Shape, rows), buffer.Memory));
        }

        return new(inputs) { Outputs = first.Outputs };
    }

    /// <summary>The share of each request in the outputs of the batch: views, which keep the whole until the last of them is disposed.</summary>
    /// <returns>Null when an output has not one row for each of the inputs': nothing is disposed then.</returns>
    public static InferenceOutputs[]? Split(InferenceOutputs whole, ReadOnlySpan<int> rows, IDisposable inputs)
    {
        var total = 0L;
        foreach (var count in rows)
        {
            total += count;
        }

        foreach (var (_, tensor) in whole.Tensors)
        {
            if (tensor.Shape.Count == 0 || tensor.Shape[0] != total)
            {
                return null;
            }
        }

        var owner = new SharedOwner(rows.Length, whole, inputs);
        var shares = new NamedTensor[rows.Length][];
        for (var request = 0; request < shares.Length; request++)
        {
            shares[request] = new NamedTensor[whole.Tensors.Count];
        }

        for (var index = 0; index < whole.Tensors.Count; index++)
        {
            var (name, tensor) = whole.Tensors[index];
            var rest = tensor.Data;
            for (var request = 0; request < shares.Length; request++)
            {
                var shape = WithRows(tensor.Shape, rows[request]);
                var data = rest[..LengthOf(tensor.Datatype, shape, rest)];
                rest = rest[data.Length..];
                shares[request][index] = new(name, new Tensor(tensor.Datatype, shape, data));
            }
        }

        return [.. shares.Select(share => new InferenceOutputs(share, owner.Share()) { Times = whole.Times })];
    }

    private static TensorShape WithRows(TensorShape shape, long rows)
    {
        Span<long> dimensions = stackalloc long[TensorShape.MaxRank];
        shape.Dimensions.CopyTo(dimensions);
        dimensions[0] = rows;
        return new(dimensions[..shape.Count]);
    }

    private static int LengthOf(TensorDatatype datatype, TensorShape shape, ReadOnlyMemory<byte> rest)
    {
        if (datatype.ElementSize() is { } size)
        {
            return (int)shape.ByteCount(size);
        }

        var length = 0;
        var span = rest.Span;
        for (var element = 0L; element < shape.ElementCount; element++)
        {
            length += Tensor.BytesPrefixLength + System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(span[length..]);
        }

        return length;
    }

    // Counts the shares that are still read.
    private sealed class SharedOwner(int shares, InferenceOutputs whole, IDisposable inputs)
    {
        private int _left = shares;

        public IDisposable Share() => new Part(this);

        private void Release()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                whole.Dispose();
                inputs.Dispose();
            }
        }

        private sealed class Part(SharedOwner owner) : IDisposable
        {
            private SharedOwner? _owner = owner;

            public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Release();
        }
    }
}
