using OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace TwinGrid.Hosting.Observability;

/// <summary>
/// The grid seen from outside: metrics at <c>/metrics</c>, and metrics and traces by OTLP when the environment names a
/// collector (OpenTelemetry specification, <c>OTEL_EXPORTER_OTLP_*</c>). Without one nothing listens to spans, and
/// they cost nothing.
/// </summary>
internal static class MetricsExport
{
    public static void Add(IHostApplicationBuilder builder)
    {
        bool metrics = NamesCollector(builder.Configuration, "METRICS");
        bool traces = NamesCollector(builder.Configuration, "TRACES");
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry().WithMetrics(meters =>
        {
            meters.AddMeter(
                TwinGridDiagnostics.Name,
                "Microsoft.Orleans",
                "System.Runtime",
                "Microsoft.AspNetCore.Hosting",
                "Microsoft.AspNetCore.Server.Kestrel");
            meters.AddPrometheusExporter();
            if (metrics)
            {
                meters.AddOtlpExporter();
            }
        });
        if (traces)
        {
            telemetry.WithTracing(spans => spans
                .AddSource(TwinGridDiagnostics.Name, "Microsoft.Orleans.*", "Microsoft.AspNetCore")
                .AddOtlpExporter());
        }

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_SERVICE_NAME"]))
        {
            telemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        }
    }

    private static bool NamesCollector(IConfiguration environment, string signal) =>
        !string.IsNullOrEmpty(environment["OTEL_EXPORTER_OTLP_ENDPOINT"])
        || !string.IsNullOrEmpty(environment[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]);
}
