using System.Text;
using BlindAI.Protocol;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Telemetry;

/// <summary>The plaintext port: health and metrics, and nothing that concerns data.</summary>
internal static class OperationsPort
{
    /// <summary>Answers what comes in without TLS, so that no other endpoint can be reached that way.</summary>
    public static void UseOperationsPort(this WebApplication app)
    {
        var metrics = app.Services.GetRequiredService<MetricsPage>();
        var health = app.Services.GetRequiredService<HealthAnswers>();
        app.Use((context, next) => context.Request.IsHttps ? next(context) : AnswerAsync(context));

        async Task AnswerAsync(HttpContext context)
        {
            switch (context.Request.Method, context.Request.Path.Value)
            {
                case ("GET", Routes.Live):
                    await HealthAnswers.LiveAsync(context);
                    break;
                case ("GET", Routes.Ready):
                    await health.ReadyAsync(context);
                    break;
                case ("GET", "/metrics"):
                    context.Response.ContentType = PrometheusText.ContentType;
                    await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(metrics.Render()), context.RequestAborted);
                    break;
                default:
                    throw new ServingException(ServingCode.RouteNotFound, $"This port answers {Routes.Live}, {Routes.Ready} and /metrics only.", "models are served on the attested port, over TLS.");
            }
        }
    }
}
