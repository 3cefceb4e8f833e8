using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace TwinGrid.Hosting.Settings;

/// <summary>Binds options classes to parts of the section, with reload.</summary>
internal static class SettingsBinding
{
    /// <summary>Binds an options class to a part of the section, which it shares member by member.</summary>
    public static OptionsBuilder<TOptions> BindSettings<TOptions>(this IServiceCollection services, string path)
        where TOptions : class =>
        services.BindSettings<TOptions>((options, settings) => settings.Part(path).Bind(options));

    /// <summary>Binds an options class whose members stand in more than one place.</summary>
    public static OptionsBuilder<TOptions> BindSettings<TOptions>(
        this IServiceCollection services, Action<TOptions, GridSettings> bind)
        where TOptions : class
    {
        services.AddSingleton<IOptionsChangeTokenSource<TOptions>>(
            static provider => new Change<TOptions>(provider.GetRequiredService<GridSettings>()));
        return services.AddOptions<TOptions>().Configure(bind);
    }

    private sealed class Change<TOptions>(GridSettings settings) : IOptionsChangeTokenSource<TOptions>
    {
        public string Name => Options.DefaultName;

        public IChangeToken GetChangeToken() => settings.Changed();
    }
}
