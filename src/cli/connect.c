/*-------------------------------------------------------------------------
 *
 * connect.c
 *	  Connecting, as psql does: options, environment, password.
 *
 *-------------------------------------------------------------------------
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "db.h"
#include "screen.h"

#define MAX_KEYWORDS 8

/* Seconds to wait for an answer that the user did not ask for. */
#define QUIET_TIMEOUT "5"

/* What PQconnectdbParams takes. */
typedef struct Keywords
{
	const char *names[MAX_KEYWORDS + 1];
	const char *values[MAX_KEYWORDS + 1];
	int			count;
} Keywords;

static void
add_keyword(Keywords *keywords, const char *name, const char *value)
{
	if (value == NULL)
		return;
	keywords->names[keywords->count] = name;
	keywords->values[keywords->count] = value;
	keywords->names[++keywords->count] = NULL;
}

/*
 * As in psql, a URI has the last word only on what no option says.  Files are
 * UTF-8, whatever the terminal is.
 */
static void
fill_keywords(Keywords *keywords, const Options *options, const char *password)
{
	memset(keywords, 0, sizeof(Keywords));
	add_keyword(keywords, "dbname", options->database);
	add_keyword(keywords, "host", options->host);
	add_keyword(keywords, "port", options->port);
	add_keyword(keywords, "user", options->user);
	add_keyword(keywords, "password", password);
	add_keyword(keywords, "fallback_application_name", "pg_migrate");
	add_keyword(keywords, "client_encoding", "UTF8");
}

/* Ends reading a password; echo must be on again before the program ends. */
static void
handle_interrupt(int number)
{
	(void) number;
}

/* Reads a line of the terminal that is not shown; its length. */
static ssize_t
read_hidden_line(int terminal, char *line, size_t size)
{
	struct termios shown;
	struct termios hidden;
	struct sigaction action;
	struct sigaction saved;
	ssize_t		len;

	if (tcgetattr(terminal, &shown) != 0)
		return -1;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handle_interrupt;
	sigaction(SIGINT, &action, &saved);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t) ECHO;
	tcsetattr(terminal, TCSAFLUSH, &hidden);
	len = read(terminal, line, size);
	tcsetattr(terminal, TCSAFLUSH, &shown);
	sigaction(SIGINT, &saved, NULL);
	(void) !write(terminal, "\n", 1);
	return len;
}

/* Asks for a password; NULL if there is no terminal. */
static char *
ask_password(const char *user)
{
	int			terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
	char		line[1024];
	ssize_t		len;
	char	   *prompt;

	if (terminal < 0)
		return NULL;
	prompt = user ? format("Password for user %s: ", user) :
		mem_copy("Password: ");
	(void) !write(terminal, prompt, strlen(prompt));
	len = read_hidden_line(terminal, line, sizeof(line) - 1);
	close(terminal);
	free(prompt);
	if (len < 0)
		exit(screen_close(128 + SIGINT));
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return mem_copy(line);
}

/* One attempt; asks for a password if the server wants one and we may. */
static PGconn *
connect_once(const Options *options)
{
	Keywords	keywords;
	PGconn	   *conn;
	char	   *password = NULL;

	if (options->ask_password)
		password = ask_password(options->user);
	fill_keywords(&keywords, options, password);
	conn = PQconnectdbParams(keywords.names, keywords.values, 1);
	if (PQstatus(conn) == CONNECTION_BAD && PQconnectionNeedsPassword(conn) &&
		password == NULL && !options->never_ask &&
		(password = ask_password(PQuser(conn))) != NULL)
	{
		PQfinish(conn);
		fill_keywords(&keywords, options, password);
		conn = PQconnectdbParams(keywords.names, keywords.values, 1);
	}
	return conn;
}

/* Without questions and messages; the caller looks at its state. */
PGconn *
db_connect_quietly(const Options *options)
{
	Keywords	keywords;

	fill_keywords(&keywords, options, NULL);
	add_keyword(&keywords, "connect_timeout", QUIET_TIMEOUT);
	return PQconnectdbParams(keywords.names, keywords.values, 1);
}

/* Is there a server that accepts connections? */
PGPing
db_ping(const Options *options)
{
	Keywords	keywords;

	fill_keywords(&keywords, options, NULL);
	add_keyword(&keywords, "connect_timeout", QUIET_TIMEOUT);
	return PQpingParams(keywords.names, keywords.values, 1);
}

static void
handle_notice(void *arg, const PGresult *notice)
{
	Db		   *db = arg;

	if (db->notice != NULL)
		db->notice(db->notice_arg, notice);
	else if (db->any_notice != NULL)
		db->any_notice(notice);
}

/* Connects; if that fails, says why and ends the program. */
Db *
db_connect(const Options *options)
{
	Db		   *db = mem_alloc(sizeof(Db));

	db->options = options;
	db->conn = connect_once(options);
	if (PQstatus(db->conn) != CONNECTION_OK)
	{
		Text		message = {0};

		text_add(&message, PQerrorMessage(db->conn));
		while (message.len > 0 && message.data[message.len - 1] == '\n')
			message.data[--message.len] = '\0';
		complain("%s", message.data);
		exit(screen_close(EXIT_NO_CONNECTION));
	}
	PQsetNoticeReceiver(db->conn, handle_notice, db);
	return db;
}

/*
 * Begins to make a second connection like this one, to the same server if
 * several were named.
 */
PGconn *
db_start_another(const Db *db)
{
	Keywords	keywords;
	const char *password = PQpass(db->conn);

	fill_keywords(&keywords, db->options,
				  password && *password ? password : NULL);
	return PQconnectStartParams(keywords.names, keywords.values, 1);
}

void
db_close(Db *db)
{
	PQfinish(db->conn);
	free(db);
}
