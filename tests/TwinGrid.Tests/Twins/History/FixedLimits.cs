using Microsoft.Extensions.Options;

namespace TwinGrid.Tests.Twins.History;

/// <summary>Limits that stay as they are.</summary>
internal sealed class FixedLimits(LimitOptions value) : IOptionsMonitor<LimitOptions>
{
    public LimitOptions CurrentValue => value;

    public LimitOptions Get(string? name) => value;

    public IDisposable? OnChange(Action<LimitOptions, string?> listener) => null;
}
