/* Structs that are read and written by their descriptions alone. */
#ifndef DESCRIBED_H
#define DESCRIBED_H

/* The description of a struct that a caller fills in. */
static inline const symbolon_description *described(const char *name)
{
    const symbolon_description *of;
    for (size_t i = 0; (of = symbolon_describe_input(i)) != NULL; i++)
        if (is_text(of->name, name))
            return of;
    abort();
}

/* The member of this name, with the suffix behind it; NULL for none. */
static inline const symbolon_member *member_of(const symbolon_description *of, const char *name, const char *suffix)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s%s", name, suffix);
    for (size_t i = 0; i < of->members_len; i++)
        if (is_text(of->members[i].name, wanted))
            return &of->members[i];
    return NULL;
}

/* The members that are signing keys: the second is one, without a length. */
static const char *const signing_keys[] = {"signing_keys", "assertion_key", "dpop_keys"};

static inline bool holds_signing_keys(const char *name)
{
    return !strcmp(name, signing_keys[0]) || !strcmp(name, signing_keys[1]) || !strcmp(name, signing_keys[2]);
}

/* Lengthens the array of a pointer member by count elements; one without a length is one element. */
static inline void append(char *at, const symbolon_description *of, const char *name, const void *elements, size_t size,
                          size_t count)
{
    const symbolon_member *pointer = member_of(of, name, ""), *len = member_of(of, name, "_len");
    char *array;
    size_t before = 0;
    memcpy(&array, at + pointer->offset, sizeof array);
    if (len)
        memcpy(&before, at + len->offset, sizeof before);
    array = allocate(array, (before + count) * size);
    if (count)
        memcpy(array + before * size, elements, count * size);
    before += count;
    memcpy(at + pointer->offset, &array, sizeof array);
    if (len)
        memcpy(at + len->offset, &before, sizeof before);
}

/* Sets a member, or appends to it; false if there is none of this name. */
static inline bool set_member(char *at, const symbolon_description *of, const char *name, word value, word more, word third)
{
    const symbolon_member *member = member_of(of, name, "");
    uint64_t number = number_of(value);
    uint32_t small = (uint32_t)number;
    if (!member)
        return false;
    if (member->member_type == SYMBOLON_U32)
        memcpy(at + member->offset, &small, sizeof small);
    else if (member->member_type == SYMBOLON_U64)
        memcpy(at + member->offset, &number, sizeof number);
    else if (member->member_type == SYMBOLON_TEXT) {
        symbolon_str text = text_of(copy(value));
        memcpy(at + member->offset, &text, sizeof text);
    } else if (!strcmp(name, "headers")) {
        symbolon_field field = {text_of(copy(value)), bytes_of(copy(more))};
        append(at, of, name, &field, sizeof field, 1);
    } else if (member->member_type == SYMBOLON_KEY)
        memcpy(at + member->offset, value.at, 32);
    else if (holds_signing_keys(name)) {
        symbolon_signing_key key = {text_of(copy(value)), text_of(copy(more)), text_of(copy(third))};
        append(at, of, name, &key, sizeof key, 1);
    } else if (!strcmp(name, "keys")) {
        symbolon_credential_key key;
        key.id = (uint8_t)number;
        memcpy(key.secret, more.at, sizeof key.secret);
        append(at, of, name, &key, sizeof key, 1);
    } else
        append(at, of, name, value.at, 1, value.len);
    return true;
}

/* Frees the texts of signing keys. */
static inline void clear_signing_keys(const char *at, const symbolon_description *of, const char *name)
{
    const symbolon_member *keys = member_of(of, name, ""), *len = member_of(of, name, "_len");
    symbolon_signing_key *key;
    size_t count;
    if (!keys)
        return;
    memcpy(&key, at + keys->offset, sizeof key);
    count = key != NULL;
    if (len)
        memcpy(&count, at + len->offset, sizeof count);
    for (; count > 0; count--, key++) {
        free((char *)key->key_id.ptr);
        free((char *)key->algorithm.ptr);
        free((char *)key->jwk.ptr);
    }
}

/* Frees what the members of a struct point to, and zeros it but for the version of the interface. */
static inline void clear(char *at, const symbolon_description *of)
{
    const symbolon_member *abi = member_of(of, "abi", "");
    uint32_t number = SYMBOLON_ABI;
    for (size_t i = 0; i < sizeof signing_keys / sizeof *signing_keys; i++)
        clear_signing_keys(at, of, signing_keys[i]);
    for (size_t i = 0; i < of->members_len; i++) {
        const symbolon_member *member = &of->members[i];
        void *pointer;
        if (member->member_type == SYMBOLON_TEXT || member->member_type == SYMBOLON_POINTER) {
            memcpy(&pointer, at + member->offset, sizeof pointer);
            free(pointer);
        }
    }
    memset(at, 0, of->size);
    if (abi)
        memcpy(at + abi->offset, &number, sizeof number);
}

/* Shows a part of a step. */
static inline void show_struct(text *out, const symbolon_step *step, const symbolon_description *of)
{
    put_line(out, word_of(of->name), nothing, nothing);
    for (size_t i = 0; i < of->members_len; i++) {
        const symbolon_member *member = &of->members[i];
        const char *at = (const char *)step + of->offset + member->offset;
        word name = word_of(member->name), key = {(uint8_t *)at, 32};
        symbolon_str str;
        symbolon_fields fields;
        uint32_t u32;
        uint64_t u64;
        size_t size;
        switch (member->member_type) {
        case SYMBOLON_BOOL: put_number(out, name, *at != 0); break;
        case SYMBOLON_U32: memcpy(&u32, at, sizeof u32); put_number(out, name, u32); break;
        case SYMBOLON_U64: memcpy(&u64, at, sizeof u64); put_number(out, name, u64); break;
        case SYMBOLON_SIZE: memcpy(&size, at, sizeof size); put_number(out, name, size); break;
        case SYMBOLON_TEXT: /* bytes are laid out the same */
        case SYMBOLON_BYTES: memcpy(&str, at, sizeof str); put_line(out, name, word_of(str), nothing); break;
        case SYMBOLON_KEY: put_line(out, name, key, nothing); break;
        case SYMBOLON_HEADERS:
            memcpy(&fields, at, sizeof fields);
            for (size_t j = 0; j < fields.len; j++) {
                word value = {(uint8_t *)fields.at[j].value.ptr, fields.at[j].value.len};
                put_line(out, name, word_of(fields.at[j].name), value);
            }
            break;
        default: break; /* opaque */
        }
    }
}

#endif
