using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;
using TwinGrid;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Listening;
using TwinGrid.MqttGateway.OpenTopics;
using TwinGrid.MqttGateway.Sessions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the MQTT gateway.</summary>
public static class MqttGatewayServiceCollectionExtensions
{
    /// <summary>
    /// Adds the MQTT listener, its decoders <c>json</c> and <c>scalar</c>, and the way of effects to subscribers
    /// (<see cref="IEffectSink"/>). It starts with the host, if <see cref="MqttOptions.Port"/> is not -1; register it
    /// after the silo. A decoder of a user's own for the same format, registered before or after, wins.
    /// </summary>
    /// <remarks>
    /// It needs <see cref="ITwinIngest"/>, <see cref="ITwinStore"/>, <see cref="DefinitionSet"/> and Orleans'
    /// <c>IGrainFactory</c>; <see cref="MqttOptions"/> and <see cref="LimitOptions"/> are the host's to bind.
    /// </remarks>
    public static IServiceCollection AddMqttGateway(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<MqttOptions>().ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<MqttOptions>, MqttOptions.Validator>());

        // The grid's own decoders stand first, so that a user's decoder of the same format replaces them.
        services.Insert(0, ServiceDescriptor.Singleton<IPayloadDecoder, ScalarPayloadDecoder>());
        services.Insert(0, ServiceDescriptor.Singleton<IPayloadDecoder, JsonPayloadDecoder>());
        services.TryAddSingleton<TopicRouter>();
        services.TryAddSingleton<InputDecoder>();
        services.TryAddSingleton<DeadLetterLog>();
        services.TryAddSingleton<MessageIntake>();
        services.TryAddSingleton<RetainedTopics>();
        services.TryAddSingleton<CatchUp>();
        services.TryAddSingleton<Subscriptions>();
        services.TryAddSingleton<OpenTopicBroker>();
        services.TryAddSingleton<Wills>();
        services.TryAddSingleton<SessionRows>();
        services.TryAddSingleton<SessionRegistry>();
        services.TryAddSingleton<Farewells>();
        services.TryAddSingleton<CommandReceipts>();
        services.TryAddSingleton(static _ => new EffectQueue());
        services.TryAddSingleton<EffectRouter>();
        services.TryAddSingleton<IEffectSink>(static provider => provider.GetRequiredService<EffectRouter>());
        services.TryAddSingleton<EffectArrivals>();
        services.TryAddSingleton<LocalInterest>();
        services.TryAddSingleton<GatewayPeers>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<GatewayPeers>());
        services.AddGrainService<GatewayService>();
        services.TryAddSingleton<EffectPump>();
        services.TryAddSingleton<MqttGatewayEndpoint>();
        services.TryAddSingleton<LargePackets>();
        services.TryAddSingleton<IngestBudget>();
        services.TryAddSingleton<ConnectionLog>();
        services.TryAddSingleton<ConnectionParts>();
        services.TryAddSingleton<MqttListener>();
        services.AddHostedService<MqttGatewayService>();
        return services;
    }
}
