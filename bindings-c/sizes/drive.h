/* A host of few means: one row, and what comes in is what the program is given. */
#include <string.h>
#include <symbolon.h>
#include <unistd.h>

static uint8_t buffer[1 << 17], input[1 << 15], row[1 << 14];
static size_t input_len, row_len;
static uint64_t version;

static inline symbolon_str given(void)
{
    return (symbolon_str){(const char *)input, input_len};
}

static inline void read_input(void)
{
    ssize_t len = read(0, input, sizeof input);
    input_len = len > 0 ? (size_t)len : 0;
}

static inline int drive(symbolon_flow *flow, symbolon_status status)
{
    symbolon_field header = {{(const char *)input, input_len}, {input, input_len}};
    while (status == SYMBOLON_OK) {
        const symbolon_step *step = symbolon_next(flow);
        switch (step->kind) {
        case SYMBOLON_LOAD:
            status = version > 0 ? symbolon_answer_row(flow, version, row, row_len) : symbolon_answer_absent(flow);
            break;
        case SYMBOLON_COMMIT:
            if (step->of.commit.expected != version || step->of.commit.value.len > sizeof row) {
                status = symbolon_answer_conflict(flow);
                break;
            }
            row_len = step->of.commit.value.len;
            memcpy(row, step->of.commit.value.ptr, row_len);
            version++;
            status = symbolon_answer_committed(flow);
            break;
        case SYMBOLON_SEND:
            if (write(1, step->of.send.url.ptr, step->of.send.url.len) < 0) {
                status = symbolon_answer_unavailable(flow);
                break;
            }
            read_input();
            status = symbolon_answer_response(flow, 200, &header, 1, input, input_len);
            break;
        case SYMBOLON_DONE:
            if (step->of.done.kind == SYMBOLON_REPLY)
                return write(1, step->of.done.of.reply.body.ptr, step->of.done.of.reply.body.len) < 0;
            return (int)step->of.done.kind;
        default:
            status = symbolon_answer_unavailable(flow);
        }
    }
    return 1;
}
