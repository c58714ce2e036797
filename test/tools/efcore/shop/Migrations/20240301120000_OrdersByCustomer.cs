using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

public partial class OrdersByCustomer : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex("IX_Orders_CustomerId", "Orders", "CustomerId").Annotation("Npgsql:CreatedConcurrently", true);
    }
}
