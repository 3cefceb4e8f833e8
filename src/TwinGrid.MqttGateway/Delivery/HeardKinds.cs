using System.IO.Hashing;
using System.Runtime.InteropServices;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>Which effects of a twin a filter may match.</summary>
[Flags]
internal enum HeardKinds : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Its states.</summary>
    State = 1,

    /// <summary>Its predictions.</summary>
    Predictions = 2,

    /// <summary>Its alarms.</summary>
    Alarms = 4,

    /// <summary>Its commands.</summary>
    Commands = 8,

    /// <summary>Its desired properties.</summary>
    Desired = 16,
}

/// <summary>
/// What gateways tell each other of filters: a twin that is named literally as a hash with the kinds that are heard,
/// since there may be a million of those. Two twins of one hash cost a message too many and lose none. Pure.
/// </summary>
internal static class Hearing
{
    /// <summary>How many kinds there are.</summary>
    public const int Kinds = 5;

    /// <summary>Stands for a twin; the same in every process.</summary>
    public static ulong Hash(TwinId twin) =>
        XxHash3.HashToUInt64(
            MemoryMarshal.AsBytes(twin.Key.AsSpan()),
            (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(twin.Kind.AsSpan())));

    /// <summary>The kind of an effect; a recall and a deletion stand for what they take back.</summary>
    public static HeardKinds Of(EffectKind kind) => kind switch
    {
        EffectKind.State => HeardKinds.State,
        EffectKind.Prediction => HeardKinds.Predictions,
        EffectKind.Alarm => HeardKinds.Alarms,
        EffectKind.Command or EffectKind.Recall => HeardKinds.Commands,
        EffectKind.Desired => HeardKinds.Desired,
        _ => HeardKinds.None,
    };

    /// <summary>What a filter may match of the twin, or the twins, that it names.</summary>
    public static HeardKinds Of(TopicFilter filter, string root) =>
        Heard(HeardKinds.State, filter, root, TopicNames.State, 4)
        | Heard(HeardKinds.Predictions, filter, root, TopicNames.Predictions, 5)
        | Heard(HeardKinds.Alarms, filter, root, TopicNames.Alarms, 5)
        | Heard(HeardKinds.Commands, filter, root, TopicNames.Commands, 5)
        | Heard(HeardKinds.Desired, filter, root, TopicNames.Properties, 5);

    /// <summary>True when one of the filters matches the topic of such an effect; allocates nothing.</summary>
    /// <typeparam name="T">What stands for a subscriber.</typeparam>
    public static bool Matches<T>(TopicTree<T> filters, string root, TwinId twin, EffectKind kind, string name)
        where T : notnull =>
        kind switch
        {
            EffectKind.State => filters.Matches([root, twin.Kind, twin.Key, TopicNames.State]),
            EffectKind.Prediction => filters.Matches([root, twin.Kind, twin.Key, TopicNames.Predictions, name]),
            EffectKind.Alarm => filters.Matches([root, twin.Kind, twin.Key, TopicNames.Alarms, name]),
            EffectKind.Command or EffectKind.Recall =>
                filters.Matches([root, twin.Kind, twin.Key, TopicNames.Commands, name]),
            EffectKind.Desired =>
                filters.Matches([root, twin.Kind, twin.Key, TopicNames.Properties, TopicNames.Desired]),
            _ => false,
        };

    private static HeardKinds Heard(HeardKinds kind, TopicFilter filter, string root, string branch, int depth)
    {
        string[] levels = filter.Levels;
        for (int i = 0; i < levels.Length; i++)
        {
            if (levels[i] == "#")
            {
                return kind;
            }

            bool fits = levels[i] == "+" || (i == 0 ? levels[i] == root : i != 3 || levels[i] == branch);
            if (!fits || i == depth)
            {
                return HeardKinds.None;
            }
        }

        return levels.Length == depth ? kind : HeardKinds.None;
    }
}
