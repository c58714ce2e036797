using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Shop.Migrations;

[DbContext(typeof(ShopContext))]
partial class ShopContextModelSnapshot : ModelSnapshot
{
}
