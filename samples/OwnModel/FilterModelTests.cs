using TwinGrid.Twins;

namespace OwnModel;

public sealed class FilterModelTests
{
    #region readme-own-test
    [Fact]
    public void A_filter_that_clogs_is_washed_once()
    {
        TwinSimulation filter = new(
            FilterKind.Filter, [new PredictiveModelType("FilterClogging", _ => new FilterClogging())]);

        filter.Read(("pressureDrop", 0.2), ("flow", 10)); // clean: 0.002 bar per (m³/h)²
        for (int minute = 0; minute < 3; minute++)
        {
            filter.Wait(TimeSpan.FromMinutes(1)).Read(("pressureDrop", 0.5), ("flow", 10)); // 0.005: 2.5 times
        }

        Assert.Equal(2.5, filter.Snapshot.Predictions["clogging"].Value);
        Assert.Equal("backwash", Assert.Single(filter.Commands).Name);
        Assert.Equal(AlarmState.Active, Assert.Single(filter.Alarms).State);
    }
    #endregion

    [Fact]
    public void A_washed_filter_ends_its_alarm()
    {
        TwinSimulation filter = new(
            FilterKind.Filter, [new PredictiveModelType("FilterClogging", _ => new FilterClogging())]);

        filter.Read(("pressureDrop", 0.2), ("flow", 10));
        filter.Wait(TimeSpan.FromMinutes(1)).Read(("pressureDrop", 0.5), ("flow", 10));
        filter.Wait(TimeSpan.FromMinutes(1)).Read(("pressureDrop", 0.5), ("flow", 10));
        filter.Answer(filter.Commands[0].Id, CommandStatus.Succeeded);
        filter.Wait(TimeSpan.FromMinutes(1)).Read(("pressureDrop", 0.22), ("flow", 10));

        Assert.Equal([AlarmState.Active, AlarmState.Cleared], filter.Alarms.Select(alarm => alarm.State));
    }
}
