using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>Which language an element is written in: the specification's "active context".</summary>
/// <param name="Version">The version of DTDL: 2 or 3.</param>
/// <param name="HasQuantities">True where semantic types and units are part of it.</param>
internal sealed record DtdlContext(int Version, bool HasQuantities)
{
    private const string Language = "dtmi:dtdl:context;";
    private const string QuantitiesOfVersion3 = "dtmi:dtdl:extension:quantitativeTypes;1";

    /// <summary>Reads an <c>@context</c>, on top of that of the element around it.</summary>
    /// <param name="value">The <c>@context</c>.</param>
    /// <param name="outer">The context around it; null at the top level.</param>
    /// <param name="problems">Where problems are reported.</param>
    /// <returns>The active context, or null where it cannot be used, which is reported.</returns>
    public static DtdlContext? Read(JsonValue value, DtdlContext? outer, ProblemList problems)
    {
        IReadOnlyList<JsonValue> entries = value.Kind == JsonKind.Array ? value.Items : [value];
        int? version = outer?.Version;
        bool hasQuantities = outer?.HasQuantities ?? false;
        bool extended = false;
        foreach (JsonValue entry in entries)
        {
            if (entry.Kind != JsonKind.Text || !IsVersioned(entry.Text))
            {
                problems.Add(
                    entry, $"{entry.Describe()} stands where a context, {Language}3, was expected; local contexts are "
                    + "not part of DTDL");
                return null;
            }

            if (!entry.Text.StartsWith(Language, StringComparison.Ordinal))
            {
                extended = true;
                hasQuantities |= entry.Text == QuantitiesOfVersion3;
                if (entry.Text != QuantitiesOfVersion3)
                {
                    problems.Add(
                        entry, $"the extension {entry.Text} is not supported: expected {QuantitiesOfVersion3}");
                    return null;
                }

                continue;
            }

            version = ReadVersion(entry, outer, extended, problems);
            if (version is null)
            {
                return null;
            }
        }

        if (version is null)
        {
            problems.Add(value, $"the context names no version of DTDL: expected {Language}3");
            return null;
        }

        return new DtdlContext(version.Value, hasQuantities || version == 2);
    }

    private static bool IsVersioned(string text) => text.Contains(';', StringComparison.Ordinal) && Dtmi.IsValid(text);

    private static int? ReadVersion(JsonValue entry, DtdlContext? outer, bool extended, ProblemList problems)
    {
        int? version = entry.Text[Language.Length..] switch { "2" => 2, "3" => 3, _ => null };
        if (version is null)
        {
            problems.Add(
                entry,
                entry.Text == $"{Language}4"
                    ? "DTDL version 4 is not supported yet, it comes in a later version of TwinGrid:"
                        + $" expected {Language}2 or {Language}3"
                    : $"{entry.Text} is no version of DTDL that is supported: expected {Language}2 or {Language}3");
        }
        else if (extended)
        {
            problems.Add(entry, $"{entry.Text} must stand before the contexts of extensions");
        }
        else if (version > outer?.Version)
        {
            problems.Add(entry, $"an element of DTDL version {outer.Version} cannot hold one of version {version}");
        }

        return version;
    }
}
