using TwinGrid;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the seams that users fill.</summary>
public static class TwinGridServiceCollectionExtensions
{
    /// <summary>Registers a type of predictive model that kind files may name.</summary>
    /// <param name="services">The services.</param>
    /// <param name="type">The name in kind files; a later registration of the same name wins.</param>
    /// <param name="create">Makes the model of one kind from its definition.</param>
    public static IServiceCollection AddPredictiveModel(
        this IServiceCollection services, string type, Func<ModelDefinition, IPredictiveModel> create) =>
        services.AddSingleton(new PredictiveModelType(type, create));

    /// <summary>Registers a type of control policy that kind files may name.</summary>
    /// <param name="services">The services.</param>
    /// <param name="type">The name in kind files; a later registration of the same name wins.</param>
    /// <param name="create">Makes the policy of one kind from its definition.</param>
    public static IServiceCollection AddControlPolicy(
        this IServiceCollection services, string type, Func<PolicyDefinition, IControlPolicy> create) =>
        services.AddSingleton(new ControlPolicyType(type, create));

    /// <summary>Registers a decoder of payloads that kind files may name by its format.</summary>
    public static IServiceCollection AddPayloadDecoder<TDecoder>(this IServiceCollection services)
        where TDecoder : class, IPayloadDecoder =>
        services.AddSingleton<IPayloadDecoder, TDecoder>();

    /// <summary>Registers a kind that is made in code.</summary>
    public static IServiceCollection AddTwinDefinition(this IServiceCollection services, TwinDefinition definition) =>
        services.AddSingleton(definition);
}
