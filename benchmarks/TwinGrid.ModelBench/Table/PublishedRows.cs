namespace TwinGrid.ModelBench.Table;

/// <summary>
/// What others published, the only numbers of the table that are not measured. Each as its authors count, which is
/// not always as we do: the text beside the table says where it matters.
/// </summary>
internal static class PublishedRows
{
    /// <summary>
    /// Lavin and Ahmad, ICMLA 2015, and the benchmark's scoreboard, whose score files were scored again on these 31
    /// files, each detector at the threshold that is best for it.
    /// </summary>
    public const string Nab = "ARTime 78.2, CAD OSE 74.1, Numenta HTM 71.2, random cut forest 52.0";

    /// <summary>
    /// The better of T² and SPE with limits at 99 %, per fault, as commonly reported (compared in Yin et al., Journal
    /// of Process Control 22, 2012), and their mean.
    /// </summary>
    public const string Eastman = "PCA T²/SPE .85 (1, 2, 6, 7: 1.0; 4: .99; 8: .98; 10: .53; 5: .27)";

    /// <summary>The scoreboard of Katser and Kozitsin, SKAB (2020), over all 34 files.</summary>
    public const string Skab = "Conv-AE .78/13.6 %, T²+Q .76/26.6 %, isolation forest .29/2.6 % (34 files)";

    /// <summary>Taormina et al. (2018): S, and TNR of the first, on the competition's test set.</summary>
    public const string Batadal = "on another stretch: Housh .970/.997, Abokifa .949, Giacomoni .927, Brentan .894";

    /// <summary>
    /// RMSE on FD001 to FD004: SVR and CNN, Babu et al. (2016); deep LSTM, Zheng et al. (2017); DCNN, Li et al. (2018);
    /// DAST, Zhang et al. (2022); STAR, Fan et al. (2024).
    /// </summary>
    public static string[] Turbofans { get; } =
    [
        "SVR 21.0, CNN 18.5, LSTM 16.1, DCNN 12.6, DAST 11.4, STAR 10.6",
        "official test: SVR 42.0, CNN 30.3, LSTM 24.5, DCNN 22.4, DAST 15.3, STAR 13.5",
        "SVR 21.1, CNN 19.8, LSTM 16.2, DCNN 12.6, DAST 11.3, STAR 10.7",
        "official test: SVR 45.4, CNN 29.2, LSTM 28.2, DCNN 23.3, DAST 18.2, STAR 15.9",
    ];

    /// <summary>
    /// Hong et al., International Journal of Forecasting 32 (2016): ratings over all tasks. The binned curve's is
    /// quoted to two digits, without a paper.
    /// </summary>
    public const string Wind =
        "over the whole competition: 1st .566, 7th .507, binned power curve about .49, isotonic .481";

    /// <summary>Zhou et al., BioMedical Engineering OnLine (2014) and PLoS ONE (2015), on all records.</summary>
    public const string Rhythm = "Zhou 97.99 (63 beats ahead), made causal about 96.7";
}
