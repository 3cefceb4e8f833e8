using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <content>
/// A client has one session in the whole cluster. Whoever connects claims it from every other gateway; of several
/// claims the newest wins. A gateway that has the session ends its connection, writes its row and answers; one that
/// does not answer is not waited for longer than <see cref="GatewayPeers.Patience"/>, and asked until it does or is
/// dead. A row that is claimed anew is not changed by whoever had it.
/// </content>
internal sealed partial class SessionRegistry
{
    private const int MostClaims = 8;

    /// <summary>How long ago a client may have connected for a gateway that comes to be asked for it.</summary>
    private const long Recent = 60 * UnixMicroseconds.PerSecond;

    private readonly Dictionary<string, SessionClaim> _connecting = new(StringComparer.Ordinal);

    /// <summary>Begins a session where there was never another gateway; null where one came.</summary>
    private async ValueTask<Begun?> BeginHereAsync(
        string client, ConnectPacket connect, SessionLink link, uint expiry)
    {
        StoredSession? row = null;
        bool wasAsked = false;
        while (true)
        {
            lock (_lock)
            {
                if (!_peers.IsAlone)
                {
                    // It came while the store was asked, and so was not told of this client.
                    return null;
                }

                if (_sessions.TryGetValue(client, out MqttSession? known) && !connect.CleanStart)
                {
                    return GoOn(known, link, connect, expiry, NewClaim());
                }

                if (known is not null)
                {
                    Discard(known);
                }

                bool isStored = _stored.TryGetValue(client, out (long Due, SessionClaim) stored);
                bool mayGoOn = isStored && !connect.CleanStart && stored.Due > _clock.GetTimestamp();
                if (!mayGoOn || wasAsked)
                {
                    return BeginStored(client, isStored, mayGoOn ? row : null, link, connect, expiry, NewClaim());
                }
            }

            row = await _store.LoadSessionAsync(client, CancellationToken.None);
            wasAsked = true;
        }
    }

    /// <summary>Begins a session that other gateways may have.</summary>
    private async ValueTask<Begun> BeginClaimedAsync(
        string client, ConnectPacket connect, SessionLink link, uint expiry)
    {
        Claiming claiming;
        lock (_lock)
        {
            claiming = new Claiming(new ClaimRequest(client, NewClaim(), connect.CleanStart));
            _connecting[client] = claiming.Request.Claim;
        }

        try
        {
            (bool isClaimed, StoredSession? row) = await ClaimRowAsync(claiming);
            if (!isClaimed)
            {
                return Begun.Refused(BeginRefusal.Superseded);
            }

            Begun begun;
            lock (_lock)
            {
                SessionClaim claim = claiming.Request.Claim;
                if (!_connecting.TryGetValue(client, out SessionClaim newest) || newest != claim)
                {
                    return Begun.Refused(BeginRefusal.Superseded);
                }

                _connecting.Remove(client);
                begun = BeginClaimed(claiming, row, connect, link, expiry);
            }

            foreach ((GatewayPeer peer, Task<ClaimAnswer?> late) in claiming.Late)
            {
                _ = FollowAsync(begun.Session, peer, claiming.Request, late);
            }

            return begun;
        }
        finally
        {
            lock (_lock)
            {
                if (_connecting.TryGetValue(client, out SessionClaim left) && left == claiming.Request.Claim)
                {
                    _connecting.Remove(client);
                }
            }
        }
    }

    /// <summary>Claims a session from the others and reads its row; false when the client connected again.</summary>
    private async Task<(bool IsClaimed, StoredSession? Row)> ClaimRowAsync(Claiming claiming)
    {
        string client = claiming.Request.Client;
        while (await ClaimAsync(claiming))
        {
            StoredSession? row = await _store.LoadSessionAsync(client, CancellationToken.None);
            if (row is null || claiming.WasElsewhere || WillOf(row) is null || IsHere(row))
            {
                return (true, row);
            }

            // Of a gateway that is dead or does not answer: its will is owed, and no other may publish it.
            if ((await AdoptAsync([row], CancellationToken.None))[0] is { } adopted)
            {
                return (true, adopted);
            }

            // Another one took it meanwhile, and gives it when it is asked.
            if (!TryClaimAnew(claiming, row.Claim.Time))
            {
                break;
            }
        }

        return (false, null);
    }

    /// <summary>True when this gateway has a session as its row says; one that it lost has an older claim.</summary>
    private bool IsHere(StoredSession row)
    {
        lock (_lock)
        {
            return _sessions.TryGetValue(row.Client, out MqttSession? known) && !known.Claim.IsBefore(row.Claim);
        }
    }

    private Begun BeginClaimed(
        Claiming claiming, StoredSession? row, ConnectPacket connect, SessionLink link, uint expiry)
    {
        ClaimRequest request = claiming.Request;
        if (row is not null && request.Claim.IsBefore(row.Claim))
        {
            // Of a gateway that is gone, and whose clock was ahead.
            _lastClaim = Math.Max(_lastClaim, row.Claim.Time);
            request = claiming.Request = request with { Claim = NewClaim() };
        }

        if (_sessions.TryGetValue(request.Client, out MqttSession? known))
        {
            bool isOurs = !claiming.WasElsewhere && !(row is not null && known.Claim.IsBefore(row.Claim));
            if (isOurs && !connect.CleanStart)
            {
                return GoOn(known, link, connect, expiry, request.Claim);
            }

            if (isOurs)
            {
                Discard(known);
            }
            else
            {
                // It was taken over while this process did not answer.
                Forget(known);
            }
        }

        long now = UnixMicroseconds.Now(_clock);
        bool mayGoOn = row is not null && !connect.CleanStart && Expires(row, now) > now;
        Begun begun = BeginStored(
            request.Client, row is not null, mayGoOn ? row : null, link, connect, expiry, request.Claim);
        if (begun.Session is { } session)
        {
            _farewells.GoOn(session, claiming.Fed);
            if (!connect.CleanStart)
            {
                session.NoteTaken([.. claiming.Taken]);
                session.NoteSent([.. claiming.Sent]);
            }
        }

        return begun;
    }

    private Begun BeginStored(
        string client,
        bool isStored,
        StoredSession? row,
        SessionLink link,
        ConnectPacket connect,
        uint expiry,
        SessionClaim claim)
    {
        _stored.Remove(client);
        if (isStored && row is null && !_leaving.ContainsKey(client))
        {
            _rows.Post(new SessionChange(client, null) { Claim = claim });
        }

        return BeginNew(client, row, link, connect, expiry, claim);
    }

    /// <summary>Claims a session from every other gateway; false when the client connected again meanwhile.</summary>
    private async Task<bool> ClaimAsync(Claiming claiming)
    {
        for (int claims = 0; claims < MostClaims; claims++)
        {
            (GatewayPeer Peer, Task<ClaimAnswer?> Answer)[] asked =
            [
                .. _peers.All.Where(peer => peer.Interest.Listens)
                    .Select(peer => (peer, peer.AskAsync(claiming.Request))),
            ];
            Task all = Task.WhenAll(asked.Select(one => one.Answer));
            await all.WaitAsync(GatewayPeers.Patience, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            claiming.Late = [.. asked.Where(one => !one.Answer.IsCompleted)];
            ClaimAnswer[] answers =
            [
                .. asked.Where(one => one.Answer.IsCompletedSuccessfully).Select(one => one.Answer.Result)
                    .OfType<ClaimAnswer>(),
            ];
            claiming.Add(answers);
            if (Array.Exists(answers, answer => answer.Verdict == ClaimVerdict.Lost))
            {
                return false;
            }

            if (!Array.Exists(answers, answer => answer.Verdict == ClaimVerdict.Ahead))
            {
                return true;
            }

            if (!TryClaimAnew(claiming, answers.Max(answer => answer.Time)))
            {
                return false;
            }
        }

        return false;
    }

    private bool TryClaimAnew(Claiming claiming, long after)
    {
        lock (_lock)
        {
            ClaimRequest request = claiming.Request;
            if (!_connecting.TryGetValue(request.Client, out SessionClaim newest) || newest != request.Claim)
            {
                return false;
            }

            _lastClaim = Math.Max(_lastClaim, after);
            claiming.Request = request with { Claim = NewClaim() };
            _connecting[request.Client] = claiming.Request.Claim;
            return true;
        }
    }

    /// <summary>Hears at last what a gateway says that did not answer in time.</summary>
    private async Task FollowAsync(
        MqttSession? session, GatewayPeer peer, ClaimRequest request, Task<ClaimAnswer?> late)
    {
        ClaimAnswer? answer = await late;
        while (answer is { Verdict: ClaimVerdict.Ahead })
        {
            lock (_lock)
            {
                if (session is null || !IsCurrent(session) || session.Claim != request.Claim)
                {
                    return;
                }

                _lastClaim = Math.Max(_lastClaim, answer.Time);
                session.Claim = NewClaim();
                Post(session);
                request = request with { Claim = session.Claim };
            }

            answer = await peer.AskAsync(request);
        }

        lock (_lock)
        {
            if (answer is { Verdict: ClaimVerdict.Released } && session is not null && IsCurrent(session))
            {
                _farewells.GoOn(session, answer.Fed);
                if (!request.CleanStart)
                {
                    session.NoteTaken(answer.Taken);
                    session.NoteSent(answer.Sent);
                }

                Post(session);
            }
        }
    }

    /// <summary>
    /// A gateway came: it may have begun a session of a client that connected here before either knew of the other.
    /// </summary>
    private void ClaimAgain(GatewayPeer peer)
    {
        lock (_lock)
        {
            long since = UnixMicroseconds.Now(_clock) - Recent;
            foreach (MqttSession session in _sessions.Values.Where(s => s.EndedAt is null && s.Claim.Time > since))
            {
                ClaimRequest request = new(session.Client, session.Claim, CleanStart: false);
                _ = FollowAsync(session, peer, request, peer.AskAsync(request));
            }
        }
    }

    /// <summary>A gateway is gone: nobody sees to the end of its sessions any more, nor to their wills.</summary>
    private async Task LearnAgainAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await LoadAsync(_stopping.Token);
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogNotLearnt(e);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await PauseAsync();
        }
    }

    private bool IsCurrent(MqttSession session) => _sessions.GetValueOrDefault(session.Client) == session;

    private SessionClaim NewClaim()
    {
        _lastClaim = Math.Max(_lastClaim + 1, UnixMicroseconds.Now(_clock));
        return new SessionClaim(_lastClaim, _peers.Id);
    }

    [LoggerMessage(Level = LogLevel.Error,
        Message = "the sessions of a gateway that is gone could not be taken over; that is tried again in a second")]
    private partial void LogNotLearnt(Exception exception);

    /// <summary>A claim under way, and what the others said to it.</summary>
    private sealed class Claiming(ClaimRequest request)
    {
        public ClaimRequest Request { get; set; } = request;

        public (GatewayPeer Peer, Task<ClaimAnswer?> Answer)[] Late { get; set; } = [];

        public List<TwinId> Fed { get; } = [];

        public List<ushort> Taken { get; } = [];

        public List<string> Sent { get; } = [];

        public bool WasElsewhere { get; private set; }

        public void Add(ClaimAnswer[] answers)
        {
            foreach (ClaimAnswer answer in answers)
            {
                Fed.AddRange(answer.Fed);
                Taken.AddRange(answer.Taken);
                Sent.AddRange(answer.Sent);
                WasElsewhere |= answer.Verdict == ClaimVerdict.Released;
            }
        }
    }
}
