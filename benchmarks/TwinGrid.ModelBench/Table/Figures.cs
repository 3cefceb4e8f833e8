using System.Globalization;

namespace TwinGrid.ModelBench.Table;

/// <summary>Numbers as the table writes them.</summary>
internal static class Figures
{
    public static string Write(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>As a percentage.</summary>
    public static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
