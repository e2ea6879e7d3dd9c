@timeStamps true
@data
