using System.Net;

namespace TwinGrid.Hosting.Security;

/// <summary>A socket that this process will listen on.</summary>
/// <param name="AddressKey">The key of its address, with the section.</param>
/// <param name="PortKey">The key of its port, with the section.</param>
/// <param name="Address">Where.</param>
/// <param name="Port">The port; 0 for any free one, less for none.</param>
internal sealed record GridListener(string AddressKey, string PortKey, IPAddress Address, int Port)
{
    /// <summary>True when only this machine reaches it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <summary>Reads an address as the configuration writes it: an IP address or <c>localhost</c>.</summary>
    public static bool TryParse(string text, out IPAddress address)
    {
        bool isLocal = string.Equals(text, "localhost", StringComparison.OrdinalIgnoreCase);
        address = IPAddress.Loopback;
        return isLocal || IPAddress.TryParse(text, out address!);
    }

    /// <summary>As <see cref="TryParse"/>, for an address that was judged before.</summary>
    public static IPAddress Parse(string text) =>
        TryParse(text, out IPAddress address) ? address : throw new TwinGridException($"'{text}' is not an IP address");
}
