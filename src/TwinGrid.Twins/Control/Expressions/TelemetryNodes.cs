namespace TwinGrid.Twins.Control.Expressions;

/// <summary>What reading a telemetry means everywhere: a reading of bad quality is no value.</summary>
internal static class LiveReading
{
    /// <summary>The live number; NaN where there is none, or a bad one.</summary>
    public static double Number(ExpressionScope scope, int slot) =>
        scope.Quality(slot) == Quality.Bad ? double.NaN : scope.Number(slot);

    /// <summary>The live value; none where there is none, or a bad one.</summary>
    public static ReadingValue Value(ExpressionScope scope, int slot) =>
        scope.Quality(slot) == Quality.Bad ? default : scope.Telemetry(slot);
}

/// <summary>A telemetry that is a number.</summary>
internal sealed class TelemetryNumber(string source, int slot, string? unit) : NumberNode(source)
{
    public override string? Unit => unit;

    public override double Evaluate(ExpressionScope scope) => LiveReading.Number(scope, slot);
}

/// <summary>A part of a position or of a waveform's features.</summary>
internal sealed class TelemetryPart(string source, int slot, string? unit, Func<ReadingValue, double> part)
    : NumberNode(source)
{
    public override string? Unit => unit;

    public override double Evaluate(ExpressionScope scope) => part(LiveReading.Value(scope, slot));
}

/// <summary>Seconds of grid time since the last reading was received, of whatever quality.</summary>
internal sealed class AgeNumber(string source, int slot) : NumberNode(source)
{
    public override string? Unit => "s";

    public override double Evaluate(ExpressionScope scope)
    {
        long received = scope.ReceivedTime(slot);
        return received == UnixMicroseconds.Absent
            ? double.NaN
            : (scope.Now - received) / (double)UnixMicroseconds.PerSecond;
    }

    public override double Slope(ExpressionScope scope) => 1;
}

/// <summary>
/// Metres between a place and a position, along a great circle of a sphere of the IUGG's mean radius (R1 of GRS 80,
/// 6,371,008.8 m): within 0.6 % of the ellipsoid. The haversine is exact for short distances too (Sinnott 1984).
/// </summary>
internal sealed class DistanceNumber(string source, int slot, NumberNode latitude, NumberNode longitude)
    : NumberNode(source)
{
    private const double EarthRadius = 6_371_008.8;

    public override string? Unit => "m";

    public override double Evaluate(ExpressionScope scope)
    {
        if (LiveReading.Value(scope, slot).Position is not GeoPosition position)
        {
            return double.NaN;
        }

        double north = double.DegreesToRadians(latitude.Evaluate(scope));
        double positionNorth = double.DegreesToRadians(position.Latitude);
        double east = double.DegreesToRadians(longitude.Evaluate(scope));
        double halfNorth = Math.Sin((positionNorth - north) / 2);
        double halfEast = Math.Sin((double.DegreesToRadians(position.Longitude) - east) / 2);
        double haversine =
            (halfNorth * halfNorth) + (Math.Cos(north) * Math.Cos(positionNorth) * halfEast * halfEast);
        return 2 * EarthRadius * Math.Asin(Math.Min(1, Math.Sqrt(haversine)));
    }

    public override double Slope(ExpressionScope scope) =>
        latitude.Slope(scope) == 0 && longitude.Slope(scope) == 0 ? 0 : double.NaN;
}

/// <summary>A telemetry that is a text.</summary>
internal sealed class TelemetryText(string source, int slot) : TextNode(source)
{
    public override string? Evaluate(ExpressionScope scope) => LiveReading.Value(scope, slot).Text;
}

/// <summary>The quality of the last reading as a word; none before the first.</summary>
internal sealed class QualityText(string source, int slot) : TextNode(source)
{
    private static readonly string[] _words = ["good", "uncertain", "bad"];

    public override IReadOnlyList<string> Choices => _words;

    public override string? Evaluate(ExpressionScope scope) =>
        scope.ReceivedTime(slot) == UnixMicroseconds.Absent ? null : _words[(int)scope.Quality(slot)];
}

/// <summary>A telemetry whose type its definition leaves open.</summary>
internal sealed class UntypedTelemetry(string source, int slot, string? unit) : UntypedNode(source)
{
    public override string? Unit => unit;

    public override ReadingValue Evaluate(ExpressionScope scope) => LiveReading.Value(scope, slot);
}

/// <summary>A telemetry that is true or false.</summary>
internal sealed class TelemetryCondition(string source, int slot) : ConditionNode(source)
{
    public override Ternary Evaluate(ExpressionScope scope) => LiveReading.Number(scope, slot) switch
    {
        double.NaN => Ternary.Unknown,
        0 => Ternary.False,
        _ => Ternary.True,
    };

    public override void Describe(ExpressionScope scope, Reasons reasons) => DescribeTruth(scope, reasons);
}
