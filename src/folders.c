/*-------------------------------------------------------------------------
 *
 * folders.c
 *	  What layouts share that have a folder per migration: which folder a file
 *	  is in, what its name says, checksums of texts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "digest.h"
#include "folders.h"

/* The directory that the migrations' folders stand in. */
char *
mig_folders_root(const MigPaths *paths, const char *script)
{
	const MigFile *nearest = mig_paths_nearest(paths, script);

	return nearest == NULL ? NULL :
		mig_paths_join("", mig_file_directory(mig_file_directory(nearest->path)));
}

/* Takes a path apart; false unless it is that of a file in a folder there. */
bool
mig_folder_file(const char *root, const MigPath *path, MigFolderFile *file)
{
	int			len = strlen(root);
	const char *folder = path->path;
	const char *slash;

	if (len > 0)
	{
		if (strncmp(folder, root, len) != 0)
			return false;
		folder += len;
		if (root[len - 1] != '/' && *folder++ != '/')
			return false;
	}
	slash = strchr(folder, '/');
	if (slash == NULL || strchr(slash + 1, '/') != NULL || *folder == '.')
		return false;
	file->folder = pnstrdup(folder, slash - folder);
	file->base = slash + 1;
	return true;
}

/* A name that starts with a number and an underscore is a version's. */
void
mig_folder_split_name(MigDefinition *definition, const char *name)
{
	size_t		digits = strspn(name, "0123456789");

	if (digits > 0 && name[digits] == '_')
	{
		definition->version = pnstrdup(name, digits);
		definition->name = pstrdup(name + digits + 1);
	}
	else
		definition->version = pstrdup(name);
}

/* A text with every line end in one form. */
char *
mig_with_line_ends(const char *text, const char *line_end)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (; *text != '\0'; text++)
	{
		if (*text == '\r' && text[1] == '\n')
			text++;
		if (*text == '\n')
			appendStringInfoString(&buf, line_end);
		else
			appendStringInfoChar(&buf, *text);
	}
	return buf.data;
}

/* A checksum that the tool may have recorded. */
void
mig_folder_add_checksum(MigDefinition *definition, const char *checksum)
{
	ListCell   *lc;

	foreach(lc, definition->checksums)
		if (strcmp(lfirst(lc), checksum) == 0)
			return;
	definition->checksums = lappend(definition->checksums, pstrdup(checksum));
}

/* The SHA-256 of a text. */
char *
mig_folder_sha256(const char *text)
{
	return mig_digest_hex(PG_SHA256, text, strlen(text));
}
