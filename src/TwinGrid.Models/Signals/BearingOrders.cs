namespace TwinGrid.Models.Signals;

/// <summary>
/// How often a defect of each part of a rolling bearing is passed over in one turn of the shaft: its frequency is this
/// times the shaft's. The outer ring stands still.
/// </summary>
/// <remarks>
/// Randall and Antoni, "Rolling element bearing diagnostics: a tutorial", Mechanical Systems and Signal Processing
/// 25 (2011), equations 1 to 4, with r = ball diameter / pitch diameter · cos(contact angle). Slip makes the true
/// values up to 2 % smaller or larger.
/// </remarks>
/// <param name="Outer">BPFO, a defect of the outer ring: n/2·(1 - r).</param>
/// <param name="Inner">BPFI, a defect of the inner ring: n/2·(1 + r).</param>
/// <param name="Ball">
/// BSF, a defect of a ball, which strikes both rings in one turn of the ball: D/d·(1 - r²), twice the rate at which it
/// turns. So do most tables count.
/// </param>
/// <param name="Cage">FTF, the cage's turns: (1 - r)/2.</param>
internal readonly record struct BearingOrders(double Outer, double Inner, double Ball, double Cage)
{
    /// <summary>How many defects there are.</summary>
    public const int Count = 4;

    /// <summary>By its place: outer ring, inner ring, ball, cage.</summary>
    public double this[int defect] => defect switch
    {
        0 => Outer,
        1 => Inner,
        2 => Ball,
        _ => Cage,
    };

    /// <summary>The part that a place stands for.</summary>
    public static string Part(int defect) => defect switch
    {
        0 => "outer ring",
        1 => "inner ring",
        2 => "balls",
        _ => "cage",
    };

    /// <summary>Of a bearing's geometry.</summary>
    /// <param name="balls">The number of balls or rollers.</param>
    /// <param name="ballDiameter">Their diameter, in any unit.</param>
    /// <param name="pitchDiameter">That of the circle of their centres, in the same unit.</param>
    /// <param name="contactAngle">From the radial plane, degrees.</param>
    public static BearingOrders Of(double balls, double ballDiameter, double pitchDiameter, double contactAngle)
    {
        double ratio = ballDiameter / pitchDiameter * Math.Cos(contactAngle * Math.PI / 180);
        return new BearingOrders(
            balls / 2 * (1 - ratio),
            balls / 2 * (1 + ratio),
            pitchDiameter / ballDiameter * (1 - (ratio * ratio)),
            (1 - ratio) / 2);
    }
}
