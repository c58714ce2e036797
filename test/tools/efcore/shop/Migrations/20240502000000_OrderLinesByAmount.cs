using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

public partial class OrderLinesByAmount : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex("IX_OrderLines_Amount", "OrderLines", "Amount").Annotation("Npgsql:CreatedConcurrently", true);
    }
}
