using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// The form of what gateways tell each other: calls between silos are not versioned by Orleans. A silo of another
/// version answers with an error, and is told again until it is of the same.
/// </summary>
internal static class GatewayForm
{
    /// <summary>The form that is written and read here.</summary>
    public const byte Version = 1;

    /// <summary>Refuses another one.</summary>
    /// <exception cref="TwinGridException">It is another one.</exception>
    public static void Ensure(byte version)
    {
        if (version != Version)
        {
            throw new TwinGridException(
                $"a message of form {version} came from another gateway, this one reads {Version}: upgrade one version "
                + "at a time");
        }
    }
}

/// <summary>Effects for the sessions of one gateway, in their order.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.EffectBatch")]
internal sealed class EffectBatch
{
    /// <summary>The form.</summary>
    [Id(0)]
    public byte Version { get; init; } = GatewayForm.Version;

    /// <summary>From which silo.</summary>
    [Id(1)]
    public required SiloAddress Sender { get; init; }

    /// <summary>Counts the sender's batches to this gateway; one that comes again has the same number.</summary>
    [Id(2)]
    public required long Number { get; init; }

    /// <summary>The effects; a recall is answered.</summary>
    [Id(3)]
    public required TwinEffect[] Effects { get; init; }

    /// <summary>True when something that lasts went by before: what stands must be asked for.</summary>
    [Id(4)]
    public required bool HasLost { get; init; }
}

/// <summary>What a gateway subscribes, or how that changed.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.InterestUpdate")]
internal sealed class InterestUpdate
{
    /// <summary>The form.</summary>
    [Id(0)]
    public byte Version { get; init; } = GatewayForm.Version;

    /// <summary>Whose; set when it is sent.</summary>
    [Id(1)]
    public SiloAddress? Sender { get; set; }

    /// <summary>The version that it changes; <see cref="LocalInterest.Unknown"/> for the whole.</summary>
    [Id(2)]
    public required long From { get; init; }

    /// <summary>The version that it makes.</summary>
    [Id(3)]
    public required long To { get; init; }

    /// <summary>Which part of the whole it is, from 0.</summary>
    [Id(4)]
    public int Part { get; init; }

    /// <summary>Of how many.</summary>
    [Id(5)]
    public int Parts { get; init; } = 1;

    /// <summary>False for a process without a listener, or one that stops.</summary>
    [Id(6)]
    public required bool Listens { get; init; }

    /// <summary>Twins that filters name literally, as hashes.</summary>
    [Id(7)]
    public required ulong[] Twins { get; init; }

    /// <summary>What is heard of each, as <see cref="HeardKinds"/>; 0 for nothing any more.</summary>
    [Id(8)]
    public required byte[] Kinds { get; init; }

    /// <summary>The other filters.</summary>
    [Id(9)]
    public required string[] Filters { get; init; }

    /// <summary>The other filters that are gone.</summary>
    [Id(10)]
    public required string[] Gone { get; init; }
}

/// <summary>A client connected elsewhere: its session is asked for.</summary>
/// <param name="Client">The client.</param>
/// <param name="Claim">Who asks.</param>
/// <param name="CleanStart">True when the session is to end.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.ClaimRequest")]
internal sealed record ClaimRequest(
    [property: Id(0)] string Client, [property: Id(1)] SessionClaim Claim, [property: Id(2)] bool CleanStart);

/// <summary>Sessions that are asked for.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.ClaimBatch")]
internal sealed class ClaimBatch
{
    /// <summary>The form.</summary>
    [Id(0)]
    public byte Version { get; init; } = GatewayForm.Version;

    /// <summary>Which.</summary>
    [Id(1)]
    public required ClaimRequest[] Requests { get; init; }
}

/// <summary>What a gateway says to a claim.</summary>
internal enum ClaimVerdict : byte
{
    /// <summary>It has nothing of the client.</summary>
    Nothing = 0,

    /// <summary>It had the session, has ended its connection and written its row.</summary>
    Released = 1,

    /// <summary>The client connects here, too, and later: the claim has lost.</summary>
    Lost = 2,

    /// <summary>It has the session by a claim that calls itself newer, of a clock that is ahead: claim anew.</summary>
    Ahead = 3,
}

/// <summary>A gateway's answer to a claim.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.ClaimAnswer")]
internal sealed class ClaimAnswer
{
    /// <summary>Nothing is there.</summary>
    public static readonly ClaimAnswer Nothing = new() { Verdict = ClaimVerdict.Nothing };

    /// <summary>The answer.</summary>
    [Id(0)]
    public required ClaimVerdict Verdict { get; init; }

    /// <summary>The time of the claim that it has, where the verdict says so.</summary>
    [Id(1)]
    public long Time { get; init; }

    /// <summary>The twins that the session's connection fed.</summary>
    [Id(2)]
    public TwinId[] Fed { get; init; } = [];

    /// <summary>The packets of QoS 2 that were taken and not released (MQTT 5 section 4.3.3).</summary>
    [Id(3)]
    public ushort[] Taken { get; init; } = [];

    /// <summary>The commands that were sent and not acknowledged.</summary>
    [Id(4)]
    public string[] Sent { get; init; } = [];
}
