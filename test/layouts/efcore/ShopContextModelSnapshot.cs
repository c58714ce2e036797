partial class ShopContextModelSnapshot : ModelSnapshot {}
