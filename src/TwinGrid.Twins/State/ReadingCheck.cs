using System.Globalization;
using System.Text;

namespace TwinGrid.Twins.State;

/// <summary>Whether a reading's value can be true for its telemetry: type, finiteness, unit and range.</summary>
internal static class ReadingCheck
{
    /// <summary>Reads the value.</summary>
    /// <param name="state">The twin.</param>
    /// <param name="index">The slot.</param>
    /// <param name="reading">The reading.</param>
    /// <param name="value">The value in the telemetry's unit.</param>
    /// <param name="detail">Why not, as a sentence; null where it is fine.</param>
    /// <returns>Applied, NoValue, or the problem.</returns>
    public static ReadingOutcome Read(
        TwinState state, int index, in ReadingsReader reading, out ReadingValue value, out string? detail)
    {
        value = default;
        detail = null;
        if (reading.Type == TelemetryType.None || reading.Quality == Quality.Bad)
        {
            return ReadingOutcome.NoValue;
        }

        TelemetryDefinition? declared = index < state.Kind.Telemetry.Length ? state.Kind.Telemetry[index] : null;
        if (declared is not null && declared.Type != TelemetryType.None && declared.Type != reading.Type)
        {
            detail = $"{state.NameOf(index)} is declared as {Word(declared.Type)}, a {Word(reading.Type)} came";
            return ReadingOutcome.WrongType;
        }

        switch (reading.Type)
        {
            case TelemetryType.Number:
                return ReadNumber(state, index, declared, reading, out value, out detail);
            case TelemetryType.Boolean:
                value = ReadingValue.Of(reading.Number != 0);
                return ReadingOutcome.Applied;
            case TelemetryType.Text:
                value = ReadingValue.Of(reading.Text());
                return ReadingOutcome.Applied;
            case TelemetryType.Position:
                return ReadPosition(reading, out value, out detail);
            default:
                return ReadWaveform(reading, out value, out detail);
        }
    }

    private static ReadingOutcome ReadNumber(
        TwinState state,
        int index,
        TelemetryDefinition? declared,
        in ReadingsReader reading,
        out ReadingValue value,
        out string? detail)
    {
        double number = reading.Number;
        value = default;
        if (!double.IsFinite(number))
        {
            detail = $"{state.NameOf(index)} is {Number(number)}: a reading must be finite";
            return ReadingOutcome.NotFinite;
        }

        if (!reading.Unit.IsEmpty && !TryConvert(state, index, reading.Unit, ref number, out detail))
        {
            return ReadingOutcome.WrongUnit;
        }

        if (number < declared?.Min || number > declared?.Max)
        {
            string least = Number(declared!.Min ?? double.NegativeInfinity);
            string most = Number(declared.Max ?? double.PositiveInfinity);
            detail = $"{state.NameOf(index)} is {Number(number)}, outside its range [{least}, {most}]";
            return ReadingOutcome.OutOfRange;
        }

        // Negative zero and zero are one value.
        value = ReadingValue.Of(number + 0.0);
        detail = null;
        return ReadingOutcome.Applied;
    }

    private static bool TryConvert(
        TwinState state, int index, ReadOnlySpan<byte> unit, ref double number, out string? detail)
    {
        detail = null;
        string? own = state.UnitOf(index);
        if (own is not null && Ascii.Equals(unit, own))
        {
            return true;
        }

        string given = Encoding.UTF8.GetString(unit);
        bool isDeclared = index < state.Kind.Telemetry.Length;
        if (own is null && !isDeclared)
        {
            state.Slots[index].Unit = given;
            return true;
        }

        if (own is not null && Units.TryConvert(number, given, own, out double converted))
        {
            number = converted;
            return true;
        }

        detail = own is null
            ? $"{state.NameOf(index)} is declared without a unit, {given} came"
            : $"{state.NameOf(index)} is in {own}, and {given} cannot be converted to it";
        return false;
    }

    private static ReadingOutcome ReadPosition(in ReadingsReader reading, out ReadingValue value, out string? detail)
    {
        GeoPosition position = reading.Position();
        bool inside = Math.Abs(position.Latitude) <= 90
            && Math.Abs(position.Longitude) <= 180
            && !double.IsInfinity(position.Altitude);
        value = inside ? ReadingValue.Of(position) : default;
        detail = inside ? null : "a position has a latitude of -90 to 90 and a longitude of -180 to 180 degrees";
        return inside ? ReadingOutcome.Applied : ReadingOutcome.OutOfRange;
    }

    private static ReadingOutcome ReadWaveform(in ReadingsReader reading, out ReadingValue value, out string? detail)
    {
        WaveformFeatures? features = reading.Waveform().Measure();
        value = features is null ? default : ReadingValue.Of(features);
        detail = features is null ? "a waveform block needs a rate above 0 Hz and at least one finite sample" : null;
        return features is null ? ReadingOutcome.NotFinite : ReadingOutcome.Applied;
    }

    private static string Word(TelemetryType type) => type switch
    {
        TelemetryType.Number => "number",
        TelemetryType.Boolean => "boolean",
        TelemetryType.Text => "text",
        TelemetryType.Position => "position",
        TelemetryType.Waveform => "waveform block",
        _ => "nothing",
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
