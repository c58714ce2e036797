/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  Checksums of texts, as this and other tools compute them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "common/md5.h"
#include "common/sha1.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/pg_crc.h"

#include "digest.h"

/* What PostgreSQL has no implementation of is not among these. */
static int
digest_length(pg_cryptohash_type type)
{
	switch (type)
	{
		case PG_MD5:
			return MD5_DIGEST_LENGTH;
		case PG_SHA1:
			return SHA1_DIGEST_LENGTH;
		case PG_SHA256:
			return PG_SHA256_DIGEST_LENGTH;
		case PG_SHA384:
			return PG_SHA384_DIGEST_LENGTH;
		default:
			elog(ERROR, "unexpected type of digest %d", (int) type);	/* cannot happen */
	}
}

/* Digests bytes into a buffer of PG_SHA512_DIGEST_LENGTH; returns its size. */
static int
digest_bytes(pg_cryptohash_type type, const void *data, int len, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(type);
	int			size = digest_length(type);

	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, data, len) < 0 ||
		pg_cryptohash_final(context, digest, size) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute a checksum")));
	pg_cryptohash_free(context);
	return size;
}

/* The bytes of a text in UTF-8. */
char *
mig_digest_utf8(const char *text, int len, int *utf8_len)
{
	char	   *utf8 = pg_server_to_any(text, len, PG_UTF8);

	*utf8_len = utf8 == text ? len : (int) strlen(utf8);
	return utf8;
}

/* A digest of bytes, in lower-case hexadecimal. */
char *
mig_digest_hex_bytes(pg_cryptohash_type type, const void *data, int len)
{
	uint8		digest[PG_SHA512_DIGEST_LENGTH];
	int			size = digest_bytes(type, data, len, digest);
	char	   *hex = palloc(2 * size + 1);

	hex[hex_encode((char *) digest, size, hex)] = '\0';
	return hex;
}

/* A digest of a text in UTF-8: what sha256sum and the like print. */
char *
mig_digest_hex(pg_cryptohash_type type, const char *text, int len)
{
	int			utf8_len;
	char	   *utf8 = mig_digest_utf8(text, len, &utf8_len);

	return mig_digest_hex_bytes(type, utf8, utf8_len);
}

/* A digest of bytes, in base64 with its padding. */
char *
mig_digest_base64_bytes(pg_cryptohash_type type, const void *data, int len)
{
	uint8		digest[PG_SHA512_DIGEST_LENGTH];
	int			size = digest_bytes(type, data, len, digest);
	int			room = pg_b64_enc_len(size);
	char	   *encoded = palloc(room + 1);
	int			written = pg_b64_encode((const void *) digest, size, encoded, room);

	encoded[Max(written, 0)] = '\0';
	return encoded;
}

/* CRC-32 as zlib computes it. */
uint32
mig_digest_crc32(const void *data, int len)
{
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, data, len);
	FIN_TRADITIONAL_CRC32(crc);
	return crc;
}

#define ROTATE(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))

static void
sip_round(uint64 v[4])
{
	v[0] += v[1];
	v[1] = ROTATE(v[1], 13) ^ v[0];
	v[0] = ROTATE(v[0], 32);
	v[2] += v[3];
	v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTATE(v[1], 17) ^ v[2];
	v[2] = ROTATE(v[2], 32);
}

/*
 * SipHash-1-3 with a key of zeros, after J.-P. Aumasson and D. J. Bernstein,
 * "SipHash: a fast short-input PRF" (2012), with one compression and three
 * finalization rounds.
 */
uint64
mig_digest_siphash13(const void *data, int len)
{
	const unsigned char *p = data;
	const unsigned char *end = p + len - len % 8;
	uint64		last = (uint64) len << 56;
	uint64		v[4] = {
		UINT64CONST(0x736f6d6570736575), UINT64CONST(0x646f72616e646f6d),
		UINT64CONST(0x6c7967656e657261), UINT64CONST(0x7465646279746573)
	};

	for (; p < end; p += 8)
	{
		uint64		word = 0;

		for (int i = 0; i < 8; i++)
			word |= (uint64) p[i] << (8 * i);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (int i = 0; i < len % 8; i++)
		last |= (uint64) p[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
