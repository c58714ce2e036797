// Calls migrate.apply() through Go's lib/pq.  The server is that of PGHOST and so on.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"

	"github.com/lib/pq"
)

type querier interface {
	Query(query string, args ...interface{}) (*sql.Rows, error)
}

func printNotice(notice *pq.Error) {
	fmt.Println("notice:", notice.Message)
}

func printRows(rows *sql.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var version, state string
		if err := rows.Scan(&version, &state); err != nil {
			return err
		}
		fmt.Println("row:", version, state)
	}
	return rows.Err()
}

func query(db querier, query string, args ...interface{}) error {
	rows, err := db.Query(query, args...)
	if err != nil {
		return err
	}
	return printRows(rows)
}

func apply() error {
	connector, err := pq.NewConnector("sslmode=disable")
	if err != nil {
		return err
	}
	db := sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, printNotice))
	rows, err := db.Query("SELECT version, state FROM migrate.apply()")
	if err != nil {
		return err
	}
	return printRows(rows)
}

func target(db *sql.DB, versions []string) error {
	statement, err := db.Prepare("SELECT version, state FROM migrate.apply($1)")
	if err != nil {
		return err
	}
	for _, version := range versions {
		rows, err := statement.Query(version)
		if err != nil {
			return err
		}
		if err := printRows(rows); err != nil {
			return err
		}
	}
	return nil
}

func transaction(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := query(tx, "SELECT version, state FROM migrate.apply()"); err != nil {
		return err
	}
	if err := tx.Rollback(); err != nil {
		return err
	}
	if tx, err = db.Begin(); err != nil {
		return err
	}
	if err := query(tx, "SELECT version, state FROM migrate.apply()"); err != nil {
		return err
	}
	return tx.Commit()
}

func main() {
	db, err := sql.Open("postgres", "sslmode=disable")
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[1] {
	case "apply", "pooled":
		err = apply()
	case "target":
		err = target(db, os.Args[2:])
	case "transaction":
		err = transaction(db)
	default:
		log.Fatal("no such case")
	}
	if server, ok := err.(*pq.Error); ok {
		fmt.Println("error:", server.Code, server.Message)
		fmt.Println("hint:", server.Hint)
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println("end")
}
