using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

public class DesiredTests
{
    private readonly FoldRig _pump = new(new TwinDefinition
    {
        Kind = "pump",
        Telemetry = [new TelemetryDefinition { Name = "temperature" }],
        Properties =
        [
            new PropertyDefinition { Name = "limit", Type = TelemetryType.Number, Writable = true },
            new PropertyDefinition { Name = "label", Writable = true },
            new PropertyDefinition { Name = "serial" },
            new PropertyDefinition { Name = "motor.direct", Type = TelemetryType.Boolean, Writable = true },
            new PropertyDefinition { Name = "schedule", Type = TelemetryType.None, Writable = true },
        ],
        Policies =
        [
            new PolicyDefinition { Name = "over", When = "temperature > properties.desired.limit" },
        ],
    });

    [Fact]
    public void Desired_properties_are_merged_and_each_change_has_a_revision_of_its_own()
    {
        Begin();
        Assert.Equal((1, """{"limit":5,"label":"a"}"""), Shown(Desire(1, """{"limit":5,"label":"a"}""")));
        Assert.Equal((2, """{"limit":6,"label":"a"}"""), Shown(Desire(2, """{"limit":6}""")));
        Assert.Equal((3, """{"label":"a"}"""), Shown(Desire(3, """{"limit":null}""")));
    }

    [Fact]
    public void A_write_that_changes_nothing_makes_no_revision_and_is_told_to_nobody()
    {
        Begin();
        Desire(1, """{"limit":5}""");
        Assert.True(_pump.Effects.DesiredChanged);
        Assert.Equal((1, """{"limit":5}"""), Shown(Desire(2, """{"limit":5.0,"label":null}""")));
        Assert.False(_pump.Effects.DesiredChanged);
        Assert.False(_pump.Effects.Changed);
    }

    [Fact]
    public void A_write_at_another_revision_than_it_asks_for_is_refused_with_the_one_that_is()
    {
        Begin();
        Desire(1, """{"limit":5}""", ifMatch: [0]);
        Desire(2, """{"limit":6}""", ifMatch: [1]);
        DesiredAnswer stale = Desire(3, """{"limit":7}""", ifMatch: [0, 1]);
        Assert.Equal((DesiredRefusal.Conflict, 2), (stale.Refusal, stale.Desired!.Revision));
        Assert.Equal((3, """{"limit":8}"""), Shown(Desire(4, """{"limit":8}""", ifMatch: [1, 2])));
    }

    [Fact]
    public void The_same_write_again_is_done_once_also_where_it_asks_for_a_revision()
    {
        Begin();
        Desire(1, """{"limit":5}""", ifMatch: [0], id: "w");
        Assert.Equal((1, """{"limit":5}"""), Shown(Desire(2, """{"limit":5}""", ifMatch: [0], id: "w")));
    }

    [Theory]
    [InlineData("""{"limit":"high"}""", "/limit", "declared as a number")]
    [InlineData("""{"label":5}""", "/label", "declared as a text")]
    [InlineData("""{"serial":"x"}""", "/serial", "not writable")]
    [InlineData("""{"colour":"red"}""", "/colour", "declares no property colour")]
    [InlineData("""{"motor":{"direct":1}}""", "/motor/direct", "declared as true or false")]
    [InlineData("""{"motor":{"speed":1}}""", "/motor/speed", "declares no property motor.speed")]
    [InlineData("""{"motor":true}""", "/motor", "is a component")]
    [InlineData("""{"motor.direct":true}""", "/motor.direct", "declares no property")]
    [InlineData("""{"a/b~c":1}""", "/a~1b~0c", "declares no property")]
    [InlineData("""{"$revision":1}""", "/$revision", "the grid's own")]
    [InlineData("[1]", "", "a JSON object")]
    [InlineData("""{"limit":1,"limit":2}""", "", "a JSON object")]
    public void What_the_kind_does_not_allow_is_refused_with_its_place_and_nothing_changes(
        string patch, string pointer, string detail)
    {
        Begin();
        DesiredAnswer answer = Desire(1, patch);
        Assert.Equal(DesiredRefusal.Invalid, answer.Refusal);
        PropertyError error = Assert.Single(answer.Errors);
        Assert.Equal(pointer, error.Pointer);
        Assert.Contains(detail, error.Detail, StringComparison.Ordinal);
        Assert.Equal((0, "{}"), Shown(answer));
    }

    [Theory]
    [InlineData("""{"motor":{"direct":true}}""")]
    [InlineData("""{"motor":null,"serial":null}""", false)]
    [InlineData("""{"motor":null,"limit":null}""")]
    [InlineData("""{"schedule":[{"at":"08:00"}]}""")]
    public void What_the_kind_allows_is_taken(string patch, bool isTaken = true)
    {
        Begin();
        Assert.Equal(isTaken, Desire(1, patch).Refusal == DesiredRefusal.None);
    }

    [Fact]
    public void A_kind_that_declares_no_property_takes_any()
    {
        FoldRig any = new();
        any.Number(0, 20);
        Assert.Equal((1, """{"x":{"y":"ü<"}}"""), Shown(Desire(any, 1, """{"x":{"y":"ü<","z":null}}""")));
    }

    [Fact]
    public void Desired_properties_are_bounded()
    {
        FoldRig any = new();
        any.Number(0, 20);
        string half = new('x', (PropertyFold.MostCharacters / 2) + 10);
        Assert.Equal(DesiredRefusal.None, Desire(any, 1, $$"""{"a":"{{half}}"}""").Refusal);
        Assert.Equal(DesiredRefusal.TooLarge, Desire(any, 2, $$"""{"b":"{{half}}"}""").Refusal);
        Assert.Equal(1, any.State.DesiredRevision);
    }

    [Fact]
    public void A_twin_that_does_not_exist_is_asked_for_nothing()
    {
        _pump.Apply(PackedInputs.Pack(InputKind.Deleted, FoldRig.At(0)));
        Assert.Equal(DesiredRefusal.UnknownTwin, Desire(0, """{"limit":5}""").Refusal);
        Assert.False(_pump.State.Exists);
    }

    [Fact]
    public void The_device_says_which_revision_it_answers_and_never_an_older_or_an_unknown_one()
    {
        Begin();
        Desire(1, """{"limit":5}""");
        Desire(2, """{"limit":6}""");
        Assert.Null(Properties().AnsweredRevision);
        Report(3, """{"limit":6,"$revision":2}""");
        Assert.Equal((2L, """{"limit":6}"""), (Properties().AnsweredRevision, Properties().Reported.Text));
        Report(4, """{"$revision":1}""");
        Report(5, """{"$revision":99}""");
        Report(6, """{"$revision":"2"}""");
        Assert.Equal(2, Properties().AnsweredRevision);
    }

    [Fact]
    public void A_policy_follows_the_desired_properties()
    {
        Begin();
        Assert.Empty(_pump.State.Alarms);
        Desire(1, """{"limit":15}""");
        Assert.Equal(AlarmState.Active, Assert.Single(_pump.State.Alarms).State);
    }

    [Fact]
    public void After_a_deletion_no_revision_of_the_desired_properties_is_used_again()
    {
        Begin();
        Desire(1, """{"limit":5}""");
        _pump.Apply(PackedInputs.Pack(InputKind.Deleted, FoldRig.At(2)));
        _pump.Number(3, 20);
        Assert.Equal(DesiredRefusal.Conflict, Desire(4, """{"limit":9}""", ifMatch: [1]).Refusal);
        Assert.Equal((3, """{"limit":9}"""), Shown(Desire(5, """{"limit":9}""", ifMatch: [2])));
    }

    [Fact]
    public void A_refold_and_a_stored_state_have_the_same_desired_properties()
    {
        Begin();
        Desire(1, """{"limit":5}""");
        Report(2, """{"$revision":1}""");
        Desire(3, """{"label":"ü"}""", ifMatch: [1]);
        byte[] stored = StateWriter.Write(_pump.State);
        TwinState read = StateReader.Read(_pump.State.Twin, _pump.State.Kind, stored);
        Assert.Equal(stored, StateWriter.Write(read));
        TwinState again = new(_pump.State.Twin, _pump.State.Kind);
        TwinFold.Apply(again, _pump.Header, _pump.Log, new TurnEffects());
        again.Revision = _pump.State.Revision;
        Assert.Equal(stored, StateWriter.Write(again));
    }

    [Fact]
    public void A_state_that_the_first_form_wrote_is_read()
    {
        FoldRig any = new();
        TwinState read = StateReader.Read(any.State.Twin, any.State.Kind, FirstForm());
        PropertiesSnapshot properties = SnapshotBuilder.Snapshot(read).Properties;
        Assert.Equal((7, true), (read.Revision, read.Exists));
        Assert.Equal(("""{"a":1}""", "{}"), (properties.Reported.Text, properties.Desired.Text));
        Assert.Equal(0, properties.DesiredRevision);
        byte[] now = StateWriter.Write(read);
        Assert.Equal(StateWriter.FormVersion, now[0]);
        Assert.Equal(now, StateWriter.Write(StateReader.Read(any.State.Twin, any.State.Kind, now)));
    }

    // An unmodelled twin of revision 7 without readings, as version 1 of the form has it.
    private static byte[] FirstForm()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        writer.Write((byte)1);
        writer.Write(0);
        writer.Write(7L);
        writer.Write(true);
        writer.Write((sbyte)-1);
        writer.Write("");
        Absent(3);
        for (int counter = 0; counter < 6; counter++)
        {
            writer.Write(0L);
        }

        writer.Write("""{"a":1}""");
        writer.Write("{}");
        writer.Write(0);
        writer.Write(0);
        Absent(1);
        for (int list = 0; list < 4; list++)
        {
            writer.Write(0);
        }

        return stream.ToArray();

        void Absent(int times)
        {
            for (int i = 0; i < times; i++)
            {
                writer.Write(UnixMicroseconds.Absent);
            }
        }
    }

    private void Begin() => _pump.Number(0, 20);

    private void Report(double at, string patch) => _pump.Apply(
        PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(at), Encoding.UTF8.GetBytes(patch)));

    private PropertiesSnapshot Properties() => SnapshotBuilder.Snapshot(_pump.State).Properties;

    private DesiredAnswer Desire(double at, string patch, long[]? ifMatch = null, string? id = null) =>
        Desire(_pump, at, patch, ifMatch, id);

    private static DesiredAnswer Desire(
        FoldRig rig, double at, string patch, long[]? ifMatch = null, string? id = null) =>
        rig.Apply(PackedInputs.Pack(
            InputKind.DesiredProperties,
            FoldRig.At(at),
            new DesiredPropertiesInput(id ?? $"write at {at}", new RawJson(patch), ifMatch),
            TwinGridJson.Default.DesiredPropertiesInput)).Desired!;

    private static (long Revision, string? Desired) Shown(DesiredAnswer answer) =>
        (answer.Desired!.Revision, answer.Desired.Desired.Text);
}
