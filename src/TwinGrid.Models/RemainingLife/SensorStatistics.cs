namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Mean and spread of each sensor in each regime, and how it follows remaining life: sums of products about running
/// means (Welford 1962), so that a large mean does not eat a small spread.
/// </summary>
internal sealed class SensorStatistics
{
    private readonly RegimeMap _map;
    private readonly int _sensors;
    private readonly Moments[] _moments;

    public SensorStatistics(RegimeMap map, int sensors)
    {
        (_map, _sensors) = (map, sensors);
        _moments = new Moments[map.Centres.Length * sensors];
    }

    public void Add(LifeHistory history, double cap)
    {
        for (int row = 0; row < history.Rows; row++)
        {
            int regime = _map.Find(history.Settings[row]);
            double remaining = Math.Min(cap, history.RemainingAt(row));
            for (int sensor = 0; sensor < _sensors && regime >= 0; sensor++)
            {
                if (Magnitude.IsUsable(history.Sensors[row][sensor]))
                {
                    _moments[(regime * _sensors) + sensor].Add(history.Sensors[row][sensor], remaining);
                }
            }
        }
    }

    /// <summary>True when a sensor varies in every regime by more than this part of its mean.</summary>
    public bool Moves(int sensor, double leastSpread) =>
        InEveryRegime(sensor).All(m => m.Deviation > (leastSpread * Math.Abs(m.Mean)) + Magnitude.Smallest);

    /// <summary>Of the sensor, in deviations of its regime, with remaining life up to the cap.</summary>
    public double Correlation(int sensor)
    {
        double together = 0;
        double rows = 0;
        double lives = 0;
        foreach (Moments moments in InEveryRegime(sensor))
        {
            together += moments.Together / moments.Deviation;
            rows += moments.Count;
            lives += moments.LifeSquares;
        }

        return together / Math.Sqrt(rows * lives);
    }

    public OperatingRegime[] Regimes() =>
    [
        .. _map.Centres.Select((centre, regime) => new OperatingRegime(
            centre,
            [.. InRegime(regime).Select(moments => moments.Mean)],
            [.. InRegime(regime).Select(moments => moments.Deviation)])),
    ];

    private IEnumerable<Moments> InEveryRegime(int sensor) =>
        Enumerable.Range(0, _map.Centres.Length).Select(regime => _moments[(regime * _sensors) + sensor]);

    private ArraySegment<Moments> InRegime(int regime) => new(_moments, regime * _sensors, _sensors);

    private struct Moments
    {
        private double _squares;
        private double _lifeMean;

        public double Count { get; private set; }

        public double Mean { get; private set; }

        public double Together { get; private set; }

        public double LifeSquares { get; private set; }

        public readonly double Deviation => Count == 0 ? 0 : Math.Sqrt(_squares / Count);

        public void Add(double value, double life)
        {
            Count++;
            double apart = value - Mean;
            Mean += apart / Count;
            _squares += apart * (value - Mean);
            double lifeApart = life - _lifeMean;
            _lifeMean += lifeApart / Count;
            LifeSquares += lifeApart * (life - _lifeMean);
            Together += apart * (life - _lifeMean);
        }
    }
}
