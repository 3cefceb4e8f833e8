using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace TwinGrid.Tests.Conformance;

/// <summary>
/// Plays a rule against each server that it holds for: our listener and mosquitto, so that a rule that we misread fails
/// where it is checked. The one argument names server and protocol level, such as <c>mosquitto 5</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnAttribute(params string[] levels) : DataAttribute
{
    /// <summary>Why mosquitto 2.0.11 is left out: where it deviates, or is not bound by the rule.</summary>
    public string? NotMosquitto { get; init; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        string[] servers = NotMosquitto is null ? [Brokers.TwinGrid, Brokers.Mosquitto] : [Brokers.TwinGrid];
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
        [
            .. from server in servers
               from level in levels
               select new TheoryDataRow<string>($"{server} {level}"),
        ]);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
