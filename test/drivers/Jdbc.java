// Calls migrate.apply() through JDBC.  The server is that of PGHOST and so on;
// JDBC_OPTIONS is added to the URL.

import java.sql.*;
import java.util.HashSet;
import java.util.Set;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class Jdbc {
    static Connection connect(String options) throws SQLException {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
                + System.getenv("PGDATABASE") + "?user=" + System.getenv("PGUSER") + options;
        return DriverManager.getConnection(url);
    }

    static String options() {
        String options = System.getenv("JDBC_OPTIONS");
        return options == null ? "" : "&" + options;
    }

    static void printRows(ResultSet rows) throws SQLException {
        while (rows.next()) System.out.println("row: " + rows.getString(1) + " " + rows.getString(2));
    }

    // prints the notices that a statement has got since the last call
    static final Set<SQLWarning> seen = new HashSet<>();

    static synchronized void printNotices(Statement statement) throws SQLException {
        for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning())
            if (seen.add(notice)) System.out.println("notice: " + notice.getMessage());
    }

    static Thread follow(Statement statement) {
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    printNotices(statement);
                    Thread.sleep(10);
                }
            } catch (SQLException | InterruptedException end) {
                return;
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    static void apply() throws Exception {
        Connection conn = connect(options());
        Statement statement = conn.createStatement();
        Thread follower = follow(statement);
        try {
            ResultSet rows = statement.executeQuery("SELECT version, state FROM migrate.apply()");
            printRows(rows);
        } finally {
            follower.interrupt();
            follower.join();
            printNotices(statement);
        }
    }

    // one statement for all, so that it is prepared in the server
    static void target(String[] args) throws SQLException {
        Connection conn = connect(options());
        PreparedStatement statement = conn.prepareStatement("SELECT version, state FROM migrate.apply(?)");
        for (int i = 1; i < args.length; i++) {
            statement.setString(1, args[i]);
            printRows(statement.executeQuery());
        }
    }

    static void transaction() throws SQLException {
        Connection conn = connect(options());
        conn.setAutoCommit(false);
        Statement statement = conn.createStatement();
        printRows(statement.executeQuery("SELECT version, state FROM migrate.apply()"));
        conn.rollback();
        printRows(statement.executeQuery("SELECT version, state FROM migrate.apply()"));
        conn.commit();
    }

    // a cursor needs a transaction: with autocommit on it is not one
    static void fetchSize() throws SQLException {
        Connection conn = connect(options());
        Statement statement = conn.createStatement();
        statement.setFetchSize(1);
        printRows(statement.executeQuery("SELECT version, state FROM migrate.apply()"));
    }

    static void maxRows() throws SQLException {
        Connection conn = connect(options());
        Statement statement = conn.createStatement();
        statement.setMaxRows(1);
        printRows(statement.executeQuery("SELECT version, state FROM migrate.apply()"));
    }

    static void pooled() throws SQLException {
        Connection conn = connect("&prepareThreshold=0");
        PreparedStatement statement = conn.prepareStatement("SELECT version, state FROM migrate.apply(?)");
        for (int i = 0; i < 10; i++) {
            statement.setString(1, null);
            printRows(statement.executeQuery());
        }
    }

    public static void main(String[] args) throws Exception {
        try {
            switch (args[0]) {
                case "apply": apply(); break;
                case "target": target(args); break;
                case "transaction": transaction(); break;
                case "fetchSize": fetchSize(); break;
                case "maxRows": maxRows(); break;
                case "pooled": pooled(); break;
                default: throw new IllegalArgumentException(args[0]);
            }
        } catch (PSQLException error) {
            ServerErrorMessage server = error.getServerErrorMessage();
            if (server == null) throw error;
            System.out.println("error: " + error.getSQLState() + " " + server.getMessage());
            boolean told = error.getMessage().contains("Hint: " + server.getHint());
            System.out.println("hint: " + (told ? server.getHint() : "not in " + error.getMessage()));
        }
        System.out.println("end");
        System.exit(0);
    }
}
