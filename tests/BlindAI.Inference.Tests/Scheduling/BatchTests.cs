using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol.Tensors;
using CsCheck;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Putting requests together and taking outputs apart, for every datatype.</summary>
public sealed class BatchTests
{
    private static readonly Gen<TensorDatatype> GenDatatype = Gen.Int[0, Enum.GetValues<TensorDatatype>().Length - 1].Select(index => Enum.GetValues<TensorDatatype>()[index]);

    [Fact]
    public void Split_OfWhatWasJoined_GivesEveryRequestItsOwn() =>
        Gen.Select(GenDatatype, Gen.Int[0, 5].Array[0, 3], Gen.Int[1, 4].Array[1, 5], Gen.Byte.Array[2048]).Sample((datatype, rest, rows, noise) =>
        {
            var inputs = rows.Select((count, index) => Make(datatype, [count, .. rest.Select(size => (long)size)], noise.AsSpan(index * 7))).ToArray();
            var disposed = 0;
            var buffers = new Buffers(() => disposed++);
            var joined = Batch.Join([.. inputs.Select(input => new InferenceRequest([new("x", input)]))], buffers);
            Assert.Equal(rows.Sum(), joined.Inputs[0].Tensor.Shape[0]);

            var shares = Batch.Split(new InferenceOutputs(joined.Inputs), rows, buffers)!;

            Assert.All(shares.Zip(inputs), pair =>
            {
                Assert.Equal(pair.Second.Shape, pair.First.Tensors[0].Tensor.Shape);
                Assert.True(pair.Second.Data.Span.SequenceEqual(pair.First.Tensors[0].Tensor.Data.Span));
            });
            Array.ForEach(shares[1..], share => share.Dispose());
            Assert.Equal(0, disposed);
            shares[0].Dispose();
            Assert.Equal(1, disposed);
        }, iter: 400);

    [Fact]
    public void Split_OutputWithOtherRows_GivesNothingAndDisposesNothing()
    {
        using var whole = new InferenceOutputs([new("y", Tensor.From([1f, 2f, 3f]))]);

        Assert.Null(Batch.Split(whole, [1, 1], new Buffers(() => Assert.Fail("It was disposed."))));
        Assert.Null(Batch.Split(new InferenceOutputs([new("y", Tensor.From([1f]) is var scalar ? new Tensor(scalar.Datatype, new TensorShape(), scalar.Data) : scalar)]), [1], whole));
    }

    private static Tensor Make(TensorDatatype datatype, long[] dimensions, ReadOnlySpan<byte> noise)
    {
        var shape = new TensorShape(dimensions);
        if (datatype == TensorDatatype.Bytes)
        {
            var texts = new string[shape.ElementCount];
            for (var index = 0; index < texts.Length; index++)
            {
                texts[index] = new string('q', noise[index % noise.Length] % 5);
            }

            return Tensor.FromStrings(texts, dimensions);
        }

        var data = new byte[shape.ByteCount(datatype.ElementSize()!.Value)];
        for (var index = 0; index < data.Length; index++)
        {
            data[index] = datatype == TensorDatatype.Bool ? (byte)(noise[index % noise.Length] & 1) : noise[index % noise.Length];
        }

        return new(datatype, shape, data);
    }

    private sealed class Buffers(Action disposed) : List<IDisposable>, IDisposable
    {
        public void Dispose()
        {
            disposed();
            ForEach(buffer => buffer.Dispose());
        }
    }
}
