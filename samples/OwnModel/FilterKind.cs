using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OwnModel;

/// <summary>What a filter measures, what watches it, and what it is told.</summary>
public static class FilterKind
{
    #region readme-own-kind
    public static TwinDefinition Filter { get; } = new()
    {
        Kind = "filter",
        Telemetry = [new() { Name = "pressureDrop", Unit = "bar" }, new() { Name = "flow" }],
        Models = [new() { Name = "clogging", Type = "FilterClogging", Inputs = ["pressureDrop", "flow"] }],
        Policies =
        [
            new()
            {
                Name = "clogged",
                When = "predictions.clogging.value > 2", For = TimeSpan.FromSeconds(30),
                Clear = "predictions.clogging.value < 1.2", Severity = AlarmSeverity.Minor,
                Mode = PolicyMode.Act, Command = new() { Name = "backwash" },
            },
        ],
    };
    #endregion

    /// <summary>Makes both known to a grid.</summary>
    public static void AddTo(IHostApplicationBuilder builder)
    {
        #region readme-own-registration
        builder.AddTwinGridSilo();
        builder.Services.AddPredictiveModel("FilterClogging", _ => new FilterClogging());
        builder.Services.AddTwinDefinition(FilterKind.Filter);
        #endregion
    }
}
