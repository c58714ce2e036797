using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240301120000_OrdersByCustomer")]
partial class OrdersByCustomer
{
}
