using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

public partial class OrderLines : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("OrderLines", table => new
        {
            OrderId = table.Column<long>(),
            Line = table.Column<int>(),
            Amount = table.Column<decimal>("numeric")
        },
        constraints: table =>
        {
            table.PrimaryKey("PK_OrderLines", x => new { x.OrderId, x.Line });
            table.ForeignKey("FK_OrderLines_Orders_OrderId", x => x.OrderId, "Orders", "Id", onDelete: ReferentialAction.Cascade);
        });
    }
}
