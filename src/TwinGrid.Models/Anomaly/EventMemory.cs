using System.Runtime.CompilerServices;

namespace TwinGrid.Models.Anomaly;

/// <summary>How many events of late reached each level of surprise.</summary>
[InlineArray(EventMemory.Levels)]
internal struct EventCounts
{
    private float _first;
}

/// <summary>
/// Which surprises are events, how often they came, and so how odd one is for this signal. Unmanaged, 11 doubles.
/// </summary>
/// <remarks>
/// An event is a surprise by <see cref="EventRules.Margin"/> above the last one's peak, or after
/// <see cref="EventRules.Pause"/> readings without. What has happened more than <see cref="EventRules.Free"/> times
/// in the last <see cref="EventRules.Memory"/> readings is as likely as it was often: chance = 10^-s + penalty
/// (events as odd - free)/readings. And the more has been seen, the rarer it must be: chance is multiplied by
/// (n/<see cref="Experience"/>)^<see cref="EventRules.Exponent"/>, n the readings so far.
/// </remarks>
internal struct EventMemory
{
    public const int Levels = 14;

    private const double LowestLevel = 1.5;
    private const double LevelStep = 0.4;
    private const double Experience = 3162;

    /// <summary>Beyond this experience the bar rises no more.</summary>
    public const double MostExperience = 50_000;

    private EventCounts _counts;
    private double _readings;
    private double _countedAt;
    private double _peak;
    private double _since;

    /// <summary>Takes a surprise; the power of ten of its chance for this signal.</summary>
    /// <param name="surprise">-log10 of its probability, 0 or more.</param>
    /// <param name="readings">How many readings came before.</param>
    /// <param name="rules">What is an event, and how fast it becomes usual; the same each time.</param>
    /// <param name="isNew">True when it begins an event or is the oddest of one so far.</param>
    public double Learn(double surprise, double readings, EventRules rules, out bool isNew)
    {
        _readings += 1 - (_readings / rules.Memory);
        _since++;
        if (_since > rules.Pause)
        {
            _peak = 0;
        }

        isNew = surprise > (_peak > 0 ? _peak + rules.Margin : 0);
        double rarity = surprise;
        if (surprise > 1)
        {
            double own = isNew ? 0 : 1;
            double age = Math.Exp((_countedAt - readings) / rules.Memory);
            double often = rules.Penalty * Math.Max(0, (age * CountAt(surprise)) - own - rules.Free) / _readings;
            rarity = -Math.Log10(Math.Min(1, Math.Exp(-surprise * Math.Log(10)) + often));
        }

        if (isNew)
        {
            Count(surprise, readings, rules.Memory);
            (_peak, _since) = (surprise, 0);
        }

        double experience = Math.Clamp(readings, rules.LeastExperience, MostExperience) / Experience;
        return Math.Max(0, rarity - (rules.Exponent * Math.Log10(experience)));
    }

    private readonly double CountAt(double surprise)
    {
        double position = Math.Clamp((surprise - LowestLevel) / LevelStep, 0, Levels - 1);
        int below = Math.Min((int)position, Levels - 2);
        double share = position - below;
        return ((1 - share) * _counts[below]) + (share * _counts[below + 1]);
    }

    /// <summary>Each level is counted once an event, when it is reached.</summary>
    private void Count(double surprise, double readings, double memory)
    {
        if (surprise < LowestLevel)
        {
            return;
        }

        float age = (float)Math.Exp((_countedAt - readings) / memory);
        for (int i = 0; i < Levels; i++)
        {
            double level = LowestLevel + (LevelStep * i);
            _counts[i] = (_counts[i] * age) + (level <= surprise && level > _peak ? 1 : 0);
        }

        _countedAt = readings;
    }
}
