using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace TwinGrid.Hosting.Settings;

/// <summary>
/// The last section <c>TwinGrid</c> that was right as a whole. All options are bound from it, so that a mistake in a
/// file that is edited while the grid runs changes nothing but the log. Thread-safe.
/// </summary>
internal sealed partial class GridSettings : IDisposable
{
    private readonly IConfigurationSection _section;
    private readonly ILogger<GridSettings> _log;
    private readonly IDisposable _watch;
    private readonly IReadOnlyList<string> _problemsAtStart;
    private volatile IConfiguration _right;
    private ConfigurationReloadToken _changed = new();

    public GridSettings(IConfiguration configuration, ILogger<GridSettings> log)
    {
        _section = configuration.GetSection(SettingsTable.Section);
        _log = log;
        _problemsAtStart = SettingsCheck.Judge(_section);
        _right = Copy();
        _watch = ChangeToken.OnChange(_section.GetReloadToken, Reload);
    }

    /// <summary>False when the process must not start.</summary>
    public bool WasRightAtStart => _problemsAtStart.Count == 0;

    /// <summary>A part of the section, empty path for the whole.</summary>
    /// <exception cref="OptionsValidationException">The section was wrong at the start.</exception>
    public IConfiguration Part(string path)
    {
        if (!WasRightAtStart)
        {
            throw new OptionsValidationException(SettingsTable.Section, typeof(TwinGridOptions), _problemsAtStart);
        }

        return path.Length == 0 ? _right : _right.GetSection(path);
    }

    /// <summary>Fires when the section changed and is right.</summary>
    public IChangeToken Changed() => Volatile.Read(ref _changed);

    public void Dispose() => _watch.Dispose();

    private void Reload()
    {
        IReadOnlyList<string> problems = SettingsCheck.Judge(_section);
        foreach (string problem in problems)
        {
            LogKept(_log, problem);
        }

        if (problems.Count == 0)
        {
            _right = Copy();
            Interlocked.Exchange(ref _changed, new ConfigurationReloadToken()).OnReload();
        }
    }

    private IConfigurationRoot Copy() => new ConfigurationBuilder()
        .AddInMemoryCollection(_section.AsEnumerable(makePathsRelative: true))
        .Build();

    [LoggerMessage(1, LogLevel.Error, "The changed configuration is not used: {Problem}")]
    private static partial void LogKept(ILogger logger, string problem);
}
