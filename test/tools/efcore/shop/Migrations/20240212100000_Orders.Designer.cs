using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240212100000_Orders")]
partial class Orders
{
}
