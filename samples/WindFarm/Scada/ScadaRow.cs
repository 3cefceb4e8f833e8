namespace WindFarm.Scada;

/// <summary>One row of a turbine's SCADA log: means of ten minutes.</summary>
/// <param name="Time">As the log writes it; no zone.</param>
/// <param name="Power">kW.</param>
/// <param name="WindSpeed">m/s.</param>
/// <param name="TheoreticalPower">What the maker promises for that wind, kW.</param>
/// <param name="WindDirection">Degrees.</param>
internal readonly record struct ScadaRow(
    DateTime Time, double Power, double WindSpeed, double TheoreticalPower, double WindDirection);
