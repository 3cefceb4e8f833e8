using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.Tests.Storage;

public sealed class SqliteTwinStoreTests : TwinStoreTests<SqliteHome>;

public sealed class PostgreSqlTwinStoreTests : TwinStoreTests<PostgreSqlHome>;

public sealed class SqliteStoreFenceTests : StoreFenceTests<SqliteHome>;

public sealed class PostgreSqlStoreFenceTests : StoreFenceTests<PostgreSqlHome>;

public sealed class SqliteStoreListTests : StoreListTests<SqliteHome>;

public sealed class PostgreSqlStoreListTests : StoreListTests<PostgreSqlHome>;

public sealed class SqliteStoreEraseTests : StoreEraseTests<SqliteHome>;

public sealed class PostgreSqlStoreEraseTests : StoreEraseTests<PostgreSqlHome>;

public sealed class SqliteStoreHistoryTests : StoreHistoryTests<SqliteHome>;

public sealed class PostgreSqlStoreHistoryTests : StoreHistoryTests<PostgreSqlHome>;

public sealed class SqliteDeadLetterTests : DeadLetterTests<SqliteHome>;

public sealed class PostgreSqlDeadLetterTests : DeadLetterTests<PostgreSqlHome>;

public sealed class SqliteStoredSessionTests : StoredSessionTests<SqliteHome>;

public sealed class PostgreSqlStoredSessionTests : StoredSessionTests<PostgreSqlHome>;

public sealed class SqliteStoreVerifyTests : StoreVerifyTests<SqliteHome>;

public sealed class PostgreSqlStoreVerifyTests : StoreVerifyTests<PostgreSqlHome>;
