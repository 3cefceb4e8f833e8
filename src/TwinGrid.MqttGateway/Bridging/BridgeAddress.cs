namespace TwinGrid.MqttGateway.Bridging;

/// <summary>Where the outside broker is, and as whom the bridge connects. Shows no password. Immutable.</summary>
internal sealed class BridgeAddress
{
    private const string Plain = "mqtt";
    private const string Secure = "mqtts";
    private const int StandardPort = 1_883;
    private const int StandardSecurePort = 8_883;

    private BridgeAddress(Uri uri)
    {
        Host = uri.IdnHost;
        IsSecure = uri.Scheme == Secure;
        Port = uri.Port >= 0 ? uri.Port : IsSecure ? StandardSecurePort : StandardPort;
        string[] who = uri.UserInfo.Split(':', 2);
        User = who[0].Length == 0 ? null : Uri.UnescapeDataString(who[0]);
        Password = who.Length == 1 ? null : Uri.UnescapeDataString(who[1]);
    }

    /// <summary>True for TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>A name or an IP address.</summary>
    public string Host { get; }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>The user, or null.</summary>
    public string? User { get; }

    /// <summary>The password, or null.</summary>
    public string? Password { get; }

    /// <summary>Reads <c>mqtt[s]://[user[:password]@]host[:port]</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="wrong">What is wrong with it, without the password that it may bear.</param>
    /// <returns>Null when it is wrong.</returns>
    public static BridgeAddress? Parse(string text, out string? wrong)
    {
        wrong = !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) ? "not the address of a broker"
            : uri.Scheme is not (Plain or Secure) ? $"'{uri.Scheme}' is not the scheme mqtt or mqtts"
            : uri.IdnHost.Length == 0 ? "no host"
            : uri.Port == 0 ? "port 0 is nobody's"
            : uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0 ? "more than host and port"
            : uri.UserInfo.StartsWith(':') ? "a password without a user"
            : null;
        return wrong is null ? new BridgeAddress(uri!) : null;
    }

    /// <summary>Host and port without the scheme: an address with it in a silo's output is its listener's.</summary>
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
