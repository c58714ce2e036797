using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240415080000_OrderLines")]
partial class OrderLines
{
}
