using CsCheck;

namespace TwinGrid.Tests.Models;

/// <summary>What holds of remaining life, whatever devices send.</summary>
public sealed class RemainingLifePropertyTests
{
    private static readonly int Inputs = RemainingLifeFleet.ModelInputs.Count;

    private static readonly Gen<double> Value = Gen.Frequency(
        (4, Gen.Double[-100, 100]),
        (3, Gen.OneOf(Gen.Const(1500.0), Gen.Const(3000.0), Gen.Const(500.0), Gen.Const(60.0))),
        (1, Gen.Double),
        (1, Gen.OneOf(
            Gen.Const(double.NaN), Gen.Const(double.PositiveInfinity), Gen.Const(double.NegativeInfinity),
            Gen.Const(double.MaxValue), Gen.Const(double.Epsilon), Gen.Const(1e100), Gen.Const(-1e100))));

    private static readonly Gen<(double[] Values, ulong Changed)[]> Messages =
        Gen.Select(Value.Array[Inputs], Gen.ULong[0, (1UL << Inputs) - 1]).Array[1, 60];

    [Fact]
    public void Whatever_comes_it_says_finite_ordered_numbers_or_nothing() => Messages.Sample(
        messages =>
        {
            RemainingLifeTwin twin = RemainingLifeFleet.Twin();
            foreach ((double[] values, ulong changed) in messages)
            {
                Prediction said = twin.SendRaw(values, changed);
                string why = twin.Why;
                Assert.False(double.IsInfinity(said.Horizon));
                Assert.DoesNotContain("NaN", why, StringComparison.Ordinal);
                if (said.HasValue)
                {
                    Assert.InRange(said.Lower, 0, said.Value);
                    Assert.InRange(said.Upper, said.Value, RemainingLifeFleet.Parameters.Cap);
                }
            }

            Assert.All(twin.State, number => Assert.False(double.IsInfinity(number)));
        },
        iter: 300,
        threads: 1);

    [Fact]
    public void A_copy_of_the_doubles_goes_on_bit_for_bit() => Messages.Sample(
        messages =>
        {
            RemainingLifeTwin twin = RemainingLifeFleet.Twin();
            RemainingLifeTwin copy = twin;
            for (int i = 0; i < messages.Length; i++)
            {
                copy = i == messages.Length / 2 ? twin.Copy() : copy;
                Prediction said = twin.SendRaw(messages[i].Values, messages[i].Changed);
                if (copy != twin)
                {
                    Prediction other = copy.SendRaw(messages[i].Values, messages[i].Changed);
                    Assert.Equal(Bits(said), Bits(other));
                }
            }

            Assert.Equal(
                twin.State.Select(BitConverter.DoubleToInt64Bits), copy.State.Select(BitConverter.DoubleToInt64Bits));
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void After_ever_so_much_nonsense_a_repair_leaves_nothing_of_it() => Messages.Sample(
        messages =>
        {
            RemainingLifeTwin twin = RemainingLifeFleet.Twin();
            foreach ((double[] values, ulong changed) in messages)
            {
                twin.SendRaw(values, changed);
            }

            twin.Send(("repaired", 0));
            twin.Send(("repaired", 1), ("cycle", 1));
            RemainingLifeTwin fresh = RemainingLifeFleet.Twin();
            var unit = RemainingLifeFleet.Make(1, seed: 5)[0];
            for (int row = 0; row < 10; row++)
            {
                Assert.Equal(fresh.Send(unit, row).Value, twin.Send(unit, row).Value);
            }
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void An_update_allocates_nothing()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        double[] values = [1, 1500, 505, 58, 12, 4711, 0];
        Feed(twin, values, 1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Feed(twin, values, 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_state_of_two_sensors_over_three_memories_is_small() =>
        Assert.InRange(RemainingLifeFleet.Twin().State.Length, 1, 20);

    private static void Feed(RemainingLifeTwin twin, double[] values, int messages)
    {
        for (int i = 0; i < messages; i++)
        {
            values[0]++;
            twin.SendRaw(values, 0b0011_1111);
        }
    }

    private static long[] Bits(in Prediction said) =>
    [
        .. new[] { said.Value, said.Lower, said.Upper, said.Horizon, said.Threshold }
            .Select(BitConverter.DoubleToInt64Bits),
        said.At,
    ];
}
