using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

public partial class Customers : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("Customers", table => new
        {
            Id = table.Column<long>().Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
            Email = table.Column<string>("text", nullable: false)
        },
        constraints: table => table.PrimaryKey("PK_Customers", x => x.Id));
    }
}
