CREATE INDEX CONCURRENTLY "Post_author"
    ON "Post" ("author");
