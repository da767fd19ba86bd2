/* The store: one SQLite table with a compare-and-swap, and the loop that answers what flows ask. */
#include "server.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    sqlite3 *db;
    sqlite3_stmt *load, *insert, *update, *delete_row, *sweep;
    uint8_t *row; /* the row that was read last */
    size_t row_capacity;
};

/* In WAL mode it takes FULL for a commit to survive the loss of power. The last three columns are for people. */
static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS rows (key BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL,"
    "    expires_at INTEGER NOT NULL, kind TEXT NOT NULL, client_id TEXT, subject TEXT);"
    "CREATE INDEX IF NOT EXISTS rows_by_expiry ON rows (expires_at);";

struct store *store_open(const char *path)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) return NULL;
    struct { sqlite3_stmt **statement; const char *sql; } prepared[] = {
        {&store->load, "SELECT version, value FROM rows WHERE key = ?1"},
        {&store->insert, "INSERT INTO rows (key, version, value, expires_at, kind, client_id, subject)"
                         " VALUES (?1, 1, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING"},
        {&store->update, "UPDATE rows SET version = version + 1, value = ?3, expires_at = ?4, kind = ?5, client_id = ?6,"
                         " subject = ?7 WHERE key = ?1 AND version = ?2"},
        {&store->delete_row, "DELETE FROM rows WHERE key = ?1 AND version = ?2"},
        {&store->sweep, "DELETE FROM rows WHERE key IN (SELECT key FROM rows WHERE expires_at <= ?1 LIMIT 256)"},
    };
    bool open = sqlite3_open(path, &store->db) == SQLITE_OK && sqlite3_busy_timeout(store->db, 1000) == SQLITE_OK &&
                sqlite3_exec(store->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; open && i < sizeof prepared / sizeof *prepared; i++)
        open = sqlite3_prepare_v2(store->db, prepared[i].sql, -1, prepared[i].statement, NULL) == SQLITE_OK;
    if (open) return store;
    fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(store->db));
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    sqlite3_stmt *statements[] = {store->load, store->insert, store->update, store->delete_row, store->sweep};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) sqlite3_finalize(statements[i]);
    sqlite3_close(store->db);
    free(store->row);
    free(store);
}

/* What is beyond the integers of SQLite is as good as never. */
static sqlite3_int64 integer(uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number;
}

enum store_answer store_load(struct store *store, const uint8_t key[32], struct row *row)
{
    enum store_answer answer = STORE_DOWN;
    sqlite3_bind_blob(store->load, 1, key, 32, SQLITE_STATIC);
    int result = sqlite3_step(store->load);
    if (result == SQLITE_DONE) {
        answer = STORE_NO;
    } else if (result == SQLITE_ROW) {
        const void *value = sqlite3_column_blob(store->load, 1);
        size_t len = (size_t)sqlite3_column_bytes(store->load, 1);
        if (len > store->row_capacity) {
            uint8_t *longer = realloc(store->row, len);
            if (longer != NULL) store->row = longer, store->row_capacity = len;
        }
        if (value != NULL && len <= store->row_capacity) {
            memcpy(store->row, value, len);
            *row = (struct row){(uint64_t)sqlite3_column_int64(store->load, 0), store->row, len};
            answer = STORE_YES;
        }
    }
    sqlite3_reset(store->load);
    return answer;
}

static void bind_text(sqlite3_stmt *statement, int place, symbolon_str text)
{
    sqlite3_bind_text(statement, place, text.len > 0 ? text.ptr : NULL, (int)text.len, SQLITE_STATIC);
}

enum store_answer store_commit(struct store *store, const symbolon_commit *commit)
{
    sqlite3_stmt *statement = commit->delete_row ? store->delete_row : commit->exists ? store->update : store->insert;
    sqlite3_bind_blob(statement, 1, commit->key, 32, SQLITE_STATIC);
    if (commit->exists) sqlite3_bind_int64(statement, 2, integer(commit->expected));
    if (!commit->delete_row) {
        sqlite3_bind_blob(statement, 3, commit->value.ptr, (int)commit->value.len, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, integer(commit->expires_at));
        bind_text(statement, 5, commit->kind);
        bind_text(statement, 6, commit->client_id);
        bind_text(statement, 7, commit->subject);
    }
    /* One statement is one transaction: the comparison and the write cannot come apart. */
    int result = sqlite3_step(statement);
    int changed = sqlite3_changes(store->db);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result != SQLITE_DONE ? STORE_DOWN : changed == 1 ? STORE_YES : STORE_NO;
}

void store_sweep(struct store *store, uint64_t at)
{
    sqlite3_bind_int64(store->sweep, 1, integer(at));
    sqlite3_step(store->sweep);
    sqlite3_reset(store->sweep);
}

const symbolon_done *drive(symbolon_flow *flow, symbolon_status started, struct store *store)
{
    symbolon_status status = started;
    while (status == SYMBOLON_OK) {
        const symbolon_step *step = symbolon_next(flow);
        struct row row;
        switch (step->kind) {
        case SYMBOLON_LOAD:
            switch (store_load(store, step->of.load.key, &row)) {
            case STORE_YES: status = symbolon_answer_row(flow, row.version, row.value, row.len); break;
            case STORE_NO: status = symbolon_answer_absent(flow); break;
            default: status = symbolon_answer_unavailable(flow);
            }
            break;
        case SYMBOLON_COMMIT:
            switch (store_commit(store, &step->of.commit)) {
            case STORE_YES: status = symbolon_answer_committed(flow); break;
            case STORE_NO: status = symbolon_answer_conflict(flow); break;
            default: status = symbolon_answer_unavailable(flow);
            }
            break;
        case SYMBOLON_VERIFY:
            status = symbolon_answer_verdict(flow, verify(&step->of.verify) ? 1 : 0);
            break;
        case SYMBOLON_DONE:
            return &step->of.done;
        default: /* A server whose tokens are opaque signs nothing, and one that knows its clients' keys fetches nothing. */
            status = symbolon_answer_unavailable(flow);
        }
    }
    fprintf(stderr, "no flow: %s\n", symbolon_strerror(status));
    return NULL;
}
