/* Text and words for the C runner of tapes. */
#ifndef TEXT_H
#define TEXT_H

/* Bytes, and the same as the structs of symbolon.h have them. */
typedef struct word { uint8_t *at; size_t len; } word;
static const word nothing = {NULL, 0};

/* A text that grows; a NUL is behind it. */
typedef struct text { char *at; size_t len, room; } text;

static inline void *allocate(void *at, size_t len)
{
    at = realloc(at, len + !len);
    if (!at)
        abort();
    return at;
}

static inline word copy(word value)
{
    word copied = {allocate(NULL, value.len), value.len};
    if (value.len)
        memcpy(copied.at, value.at, value.len);
    return copied;
}

static inline symbolon_str text_of(word value)
{
    symbolon_str str = {(const char *)value.at, value.len};
    return str;
}

static inline symbolon_bytes bytes_of(word value)
{
    symbolon_bytes bytes = {value.at, value.len};
    return bytes;
}

static inline word word_of(symbolon_str str)
{
    word value = {(uint8_t *)str.ptr, str.len};
    return value;
}

static inline bool is_text(symbolon_str text, const char *other)
{
    return text.len == strlen(other) && !memcmp(text.ptr, other, text.len);
}

static inline uint64_t number_of(word value)
{
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++)
        number = number * 10 + (uint64_t)(value.at[i] - '0');
    return number;
}

static inline void put(text *out, const char *bytes, size_t len)
{
    if (out->len + len + 1 > out->room) {
        out->room = (out->len + len + 1) * 2;
        out->at = allocate(out->at, out->room);
    }
    if (len)
        memcpy(out->at + out->len, bytes, len);
    out->len += len;
    out->at[out->len] = 0;
}

/* A space and a word, unless that is empty. */
static inline void put_word(text *out, word value)
{
    if (value.len)
        put(out, " ", 1);
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.at[i];
        char escaped[4] = {(char)byte, 0, 0, 0};
        bool is_plain = byte > ' ' && byte <= '~' && byte != '%';
        if (!is_plain)
            snprintf(escaped, sizeof escaped, "%%%02x", byte);
        put(out, escaped, is_plain ? 1 : 3);
    }
}

/* A line of a step. */
static inline void put_line(text *out, word name, word value, word more)
{
    put(out, "=", 1);
    put_word(out, name);
    put_word(out, value);
    put_word(out, more);
    put(out, "\n", 1);
}

static inline void put_number(text *out, word name, uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    word value = {(uint8_t *)digits, (size_t)len};
    put_line(out, name, value, nothing);
}

/* Reads a line of stdin, without its end; false after the last. */
static inline bool read_line(text *line)
{
    int byte;
    line->len = 0;
    while ((byte = getchar()) != EOF && byte != '\n') {
        char next = (char)byte;
        put(line, &next, 1);
    }
    put(line, "", 0);
    return byte != EOF;
}

static inline int digit(char of)
{
    return of <= '9' ? of - '0' : of - 'a' + 10;
}

/* Splits a line into words, in place; each is decoded, and has a NUL behind it. */
static inline void split(char *line, word *words, size_t len)
{
    char *in = line;
    for (size_t i = 0; i < len && *in; i++) {
        char *out = in;
        words[i].at = (uint8_t *)in;
        for (; *in && *in != ' '; in++) {
            if (*in == '%' && in[1] && in[2]) {
                *out++ = (char)(digit(in[1]) * 16 + digit(in[2]));
                in += 2;
            } else
                *out++ = *in;
        }
        words[i].len = (size_t)(out - (char *)words[i].at);
        if (*in)
            in++;
        *out = 0;
    }
}

#endif
