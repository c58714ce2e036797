using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240105091500_Customers")]
partial class Customers
{
}
