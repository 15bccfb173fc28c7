namespace TrainCreditForest;

/// <summary>Adam for one array of parameters.</summary>
/// <remarks>Source: Kingma, Ba, arXiv:1412.6980, algorithm 1, with its default decay rates.</remarks>
public sealed class AdamOptimizer(int parameterCount, float learningRate)
{
    private const float Beta1 = 0.9f;
    private const float Beta2 = 0.999f;
    private const float Epsilon = 1e-8f;

    private readonly float[] _mean = new float[parameterCount];
    private readonly float[] _square = new float[parameterCount];
    private int _steps;

    /// <summary>Moves the parameters one step against the gradient.</summary>
    public void Step(Span<float> parameters, ReadOnlySpan<float> gradient)
    {
        _steps++;
        var meanScale = 1 / (1 - MathF.Pow(Beta1, _steps));
        var squareScale = 1 / (1 - MathF.Pow(Beta2, _steps));
        for (var index = 0; index < parameters.Length; index++)
        {
            _mean[index] = (Beta1 * _mean[index]) + ((1 - Beta1) * gradient[index]);
            _square[index] = (Beta2 * _square[index]) + ((1 - Beta2) * gradient[index] * gradient[index]);
            parameters[index] -= learningRate * _mean[index] * meanScale / (MathF.Sqrt(_square[index] * squareScale) + Epsilon);
        }
    }
}
