using System.Net;
using System.Net.Sockets;

namespace TwinGrid.FaultTests.Network;

/// <summary>How a device comes to a gateway.</summary>
/// <param name="End">Where the gateway is, to devices.</param>
/// <param name="OpenSocket">Opens a TCP socket at the place where devices are.</param>
internal sealed record GatewayDoor(IPEndPoint End, Func<Socket> OpenSocket);
