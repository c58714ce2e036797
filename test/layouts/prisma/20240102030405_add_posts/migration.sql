-- CreateEnum
CREATE TYPE "State" AS ENUM ('DRAFT', 'DONE');

-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "state" "State" NOT NULL DEFAULT 'DRAFT',
    "author" INTEGER REFERENCES "User" ("id"),

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);
