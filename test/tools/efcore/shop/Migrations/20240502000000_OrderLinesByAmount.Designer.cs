using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240502000000_OrderLinesByAmount")]
partial class OrderLinesByAmount
{
}
