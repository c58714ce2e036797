/*-------------------------------------------------------------------------
 *
 * detect.c
 *	  Which layout a set of files is in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "detect.h"

/*
 * The layouts that the files may be in, as char *: one if they leave no doubt,
 * several if they leave a choice, none if nothing speaks against native.
 */
List *
mig_detect(List *files)
{
	return NIL;
}
