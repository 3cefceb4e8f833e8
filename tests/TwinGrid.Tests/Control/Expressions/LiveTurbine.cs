using System.Globalization;
using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Tests.Control.Expressions;

/// <summary>The turbine of EXPRESSIONS.md and a live state of it that tests fill by hand.</summary>
internal sealed class LiveTurbine : ExpressionScope
{
    public const long Start = 1_700_000_000_000_000;

    private readonly ReadingValue[] _values = new ReadingValue[Definition.Telemetry.Count];
    private readonly long[] _received = [.. Definition.Telemetry.Select(_ => UnixMicroseconds.Absent)];
    private readonly Quality[] _qualities = new Quality[Definition.Telemetry.Count];
    private readonly Dictionary<(int Model, PredictionField Field), double> _predictions = [];
    private readonly Dictionary<(bool Desired, string Path), ReadingValue> _properties = [];
    private long _now = Start;

    public static TwinDefinition Definition { get; } = new()
    {
        Kind = "turbine",
        Source = "turbine.twin.json",
        Telemetry =
        [
            new() { Name = "bearingTemperature", Unit = "degreeCelsius" },
            new() { Name = "power", Unit = "kilowatt" },
            new() { Name = "windSpeed", Unit = "metrePerSecond" },
            new() { Name = "motor.temp", Unit = "degreeCelsius" },
            new() { Name = "mode", Type = TelemetryType.Text },
            new() { Name = "doorOpen", Type = TelemetryType.Boolean },
            new() { Name = "position", Type = TelemetryType.Position },
            new() { Name = "vibration", Type = TelemetryType.Waveform, Unit = "metrePerSecondSquared" },
        ],
        Models =
        [
            new() { Name = "power", Type = "PowerCurve" },
            new() { Name = "wear", Type = "TrendToLimit" },
        ],
    };

    public override long Now => _now;

    public static CompiledExpression Compile(string text) =>
        CompiledExpression.Compile(Definition, text, "$.policies[0].when");

    /// <summary>A state from a cell of the page: <c>power = 900; age(power) = 45; quality(power) = bad</c>.</summary>
    public static LiveTurbine With(string values)
    {
        LiveTurbine turbine = new();
        foreach (string entry in values.Split(';').Where(entry => !string.IsNullOrWhiteSpace(entry)))
        {
            string[] sides = entry.Split('=', 2, StringSplitOptions.TrimEntries);
            turbine.Set(sides[0], sides[1]);
        }

        return turbine;
    }

    public LiveTurbine At(long now)
    {
        _now = now;
        return this;
    }

    public override ReadingValue Telemetry(int slot) => _values[slot];

    public override double Number(int slot) => _values[slot].Number;

    public override long ReceivedTime(int slot) => _received[slot];

    public override Quality Quality(int slot) => _qualities[slot];

    public override double Prediction(int model, PredictionField field) =>
        _predictions.GetValueOrDefault((model, field), double.NaN);

    public override ReadingValue Property(bool desired, string path) => _properties.GetValueOrDefault((desired, path));

    private static int Slot(string name)
    {
        int slot = Definition.Telemetry.Select(t => t.Name).ToList().IndexOf(name);
        return slot >= 0 ? slot : throw new ArgumentException($"the turbine has no telemetry '{name}'");
    }

    private static ReadingValue Parse(string value) => value switch
    {
        "true" => ReadingValue.Of(true),
        "false" => ReadingValue.Of(false),
        _ when double.TryParse(value, CultureInfo.InvariantCulture, out double number) => ReadingValue.Of(number),
        _ => ReadingValue.Of(value.Trim('\'')),
    };

    private void Set(string name, string value)
    {
        string[] path = name.Split('.');
        if (name.StartsWith("age(", StringComparison.Ordinal))
        {
            double seconds = double.Parse(value, CultureInfo.InvariantCulture);
            _received[Slot(name[4..^1])] = Start - (long)(seconds * UnixMicroseconds.PerSecond);
        }
        else if (name.StartsWith("quality(", StringComparison.Ordinal))
        {
            _qualities[Slot(name[8..^1])] = Enum.Parse<Quality>(value, ignoreCase: true);
        }
        else if (path[0] == "predictions")
        {
            int model = Definition.Models.Select(m => m.Name).ToList().IndexOf(path[1]);
            _predictions[(model, Enum.Parse<PredictionField>(path[2], ignoreCase: true))] = Parse(value).Number;
        }
        else if (path[0] == "properties")
        {
            _properties[(path[1] == "desired", string.Join('.', path[2..]))] = Parse(value);
        }
        else
        {
            SetTelemetry(name, value);
        }
    }

    private void SetTelemetry(string name, string value)
    {
        int slot = Slot(name.Split('.')[0] == "vibration" ? "vibration" : name);
        _received[slot] = Start;
        _values[slot] = Definition.Telemetry[slot].Type switch
        {
            TelemetryType.Position => Position(value),
            TelemetryType.Waveform => Features(name, Parse(value).Number),
            _ => Parse(value),
        };
    }

    private static ReadingValue Position(string value)
    {
        double[] parts = [.. value.Split(',').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        return ReadingValue.Of(new GeoPosition(parts[0], parts[1], parts.Length > 2 ? parts[2] : double.NaN));
    }

    private static ReadingValue Features(string name, double value)
    {
        WaveformFeatures features = new(1000, 100, 0, 0, 0, 0, 0);
        return ReadingValue.Of(name switch
        {
            "vibration.mean" => features with { Mean = value },
            "vibration.rms" => features with { Rms = value },
            "vibration.peak" => features with { Peak = value },
            "vibration.crest" => features with { Crest = value },
            "vibration.kurtosis" => features with { Kurtosis = value },
            _ => throw new ArgumentException($"'{name}' is no feature"),
        });
    }
}
